import { useTranslation } from "react-i18next";
import { Button, IconButton } from "../../components/Button";
import { Choice, SelectField, TextField } from "../../components/Field";
import { attributeName } from "../../format/names";
import { unitSign } from "../../format/units";
import { useWatchable, type Watchable } from "./catalogue";
import type { FieldProps } from "./fields";
import { type Condition, EMPTY_CONDITION, flawOf, type Operator, OPERATORS } from "./logic/conditions";
import styles from "./Subscriptions.module.css";

const WORDS = {
  ">": "more",
  ">=": "least",
  "<": "less",
  "<=": "most",
  "==": "equal",
  "!=": "unequal",
  between: "between",
  contains: "contains",
  exists: "exists",
} as const;
const OF_TEXTS: readonly Operator[] = ["==", "!=", "contains", "exists"];
const OF_FLAGS: readonly Operator[] = ["==", "exists"];
const OF_NUMBERS = OPERATORS.filter((one) => one !== "contains");

/** Conditions on values, built by choosing: attribute, comparison, value. */
export function ConditionsField({ draft, change, error, isTried }: FieldProps & { isTried: boolean }) {
  const { t } = useTranslation("subscriptions");
  const watchable = useWatchable(draft.types);
  const known = watchable.data ?? [];
  const set = (position: number, condition: Condition) => change({ conditions: draft.conditions.map((one, index) => (index === position ? condition : one)) });
  const first = draft.watched.find((name) => known.find((one) => one.name === name)?.kind === "number") ?? "";
  return (
    <section className={styles.section} aria-labelledby="form-conditions">
      <h2 id="form-conditions">{t("form.conditions")}</h2>
      <p className={styles.soft}>{t("form.conditionsHint")}</p>
      {draft.conditions.map((condition, position) => (
        // Conditions have no other identity than their place
        <Row key={position} number={position + 1} condition={condition} known={known} isTried={isTried} onChange={(next) => set(position, next)} onRemove={() => change({ conditions: draft.conditions.filter((_, index) => index !== position) })} />
      ))}
      {draft.conditions.length > 1 && (
        <Choice
          label={t("form.joint")}
          value={draft.joint}
          options={[
            { value: "all", label: t("form.all") },
            { value: "any", label: t("form.any") },
          ]}
          onChange={(joint) => change({ joint })}
        />
      )}
      <div>
        <Button icon="plus" onClick={() => change({ conditions: [...draft.conditions, { ...EMPTY_CONDITION, attribute: first }] })}>
          {t("form.addCondition")}
        </Button>
      </div>
      {error !== undefined && (
        <p className={styles.error} role="alert">
          {error}
        </p>
      )}
    </section>
  );
}

interface RowProps {
  number: number;
  condition: Condition;
  known: readonly Watchable[];
  isTried: boolean;
  onChange: (condition: Condition) => void;
  onRemove: () => void;
}

function Row({ number, condition, known, isTried, onChange, onRemove }: RowProps) {
  const { t } = useTranslation("subscriptions");
  const about = known.find((one) => one.name === condition.attribute);
  const operators = about?.kind === "text" ? OF_TEXTS : about?.kind === "boolean" ? OF_FLAGS : OF_NUMBERS;
  const flaw = isTried ? flawOf(condition) : undefined;
  const error = flaw === undefined ? undefined : t(`flaw.condition.${flaw}`);
  const offered = [...new Set([...known.map((one) => one.name), ...(condition.attribute === "" ? [] : [condition.attribute])])];
  const setAttribute = (attribute: string) => {
    const kind = known.find((one) => one.name === attribute)?.kind;
    const operator: Operator = kind === "text" || kind === "boolean" ? "==" : ">";
    onChange({ attribute, operator, value: kind === "boolean" ? "true" : "" });
  };
  const unit = unitSign(about?.unitCode);
  return (
    <fieldset className={styles.condition}>
      <legend>{t("form.condition", { number })}</legend>
      <SelectField label={t("form.attribute")} value={condition.attribute} {...(flaw === "attribute" && { error })} onChange={(event) => setAttribute(event.target.value)}>
        <option value="">{t("form.choose")}</option>
        {offered.map((name) => (
          <option key={name} value={name}>
            {attributeName(name)}
          </option>
        ))}
      </SelectField>
      <SelectField label={t("form.operator")} value={condition.operator} onChange={(event) => onChange({ ...condition, operator: event.target.value as Operator })}>
        {[...new Set([...operators, condition.operator])].map((one) => (
          <option key={one} value={one}>
            {t(`operator.${WORDS[one]}`)}
          </option>
        ))}
      </SelectField>
      {condition.operator !== "exists" && <Value condition={condition} unit={unit} isFlag={about?.kind === "boolean"} error={flaw === "attribute" ? undefined : error} onChange={onChange} />}
      <IconButton icon="close" label={t("form.removeCondition", { number })} onClick={onRemove} />
    </fieldset>
  );
}

function Value({
  condition,
  unit,
  isFlag,
  error,
  onChange,
}: {
  condition: Condition;
  unit: string;
  isFlag: boolean;
  error: string | undefined;
  onChange: (condition: Condition) => void;
}) {
  const { t } = useTranslation("subscriptions");
  const label = unit === "" ? t("form.value") : `${t("form.value")} (${unit})`;
  if (isFlag) {
    return (
      <SelectField label={label} value={condition.value} onChange={(event) => onChange({ ...condition, value: event.target.value })}>
        <option value="true">{t("form.yes")}</option>
        <option value="false">{t("form.no")}</option>
      </SelectField>
    );
  }
  return (
    <>
      <TextField label={label} value={condition.value} {...(error !== undefined && { error })} onChange={(event) => onChange({ ...condition, value: event.target.value })} />
      {condition.operator === "between" && <TextField label={t("form.upper")} value={condition.upper ?? ""} onChange={(event) => onChange({ ...condition, upper: event.target.value })} />}
    </>
  );
}
