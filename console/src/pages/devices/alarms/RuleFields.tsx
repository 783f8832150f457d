import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { EntityPicker } from "../../../components/EntityPicker";
import { Choice, SelectField, TextField } from "../../../components/Field";
import { attributeName, typeName, valueWord } from "../../../format/names";
import styles from "./Alarms.module.css";
import { useTypes, useWatchable } from "./asking";
import { CATEGORIES, type Flaw, type Form, SEVERITIES, SIDES } from "./logic/draft";

export interface FieldProps {
  form: Form;
  flaws: readonly Flaw[];
  set: (changes: Partial<Form>) => void;
}

type Props = FieldProps & {
  /** In which thresholds are written; "" where there is none. */
  unit: string;
  isNew: boolean;
};

export function RuleFields({ form, flaws, unit, isNew, set }: Props) {
  const { t } = useTranslation("devices/alarms");
  return (
    <>
      <TextField
        label={t("form.name")}
        hint={t("form.nameHint")}
        maxLength={200}
        value={form.name}
        onChange={(event) => set({ name: event.target.value })}
        {...(flaws.includes("name") && { error: t("flaw.name") })}
      />
      <What form={form} flaws={flaws} isNew={isNew} set={set} />
      {form.type !== "" && <Places form={form} set={set} />}
      <Choice label={t("form.side")} value={form.side} options={SIDES.map((side) => ({ value: side, label: t(`form.sides.${side}`) }))} onChange={(side) => set({ side })} />
      <Limits form={form} flaws={flaws} unit={unit} set={set} />
      <div className={styles.pair}>
        <SelectField label={t("form.severity")} value={form.severity} onChange={(event) => set({ severity: event.target.value as Form["severity"] })}>
          {SEVERITIES.map((one) => (
            <option key={one} value={one}>
              {valueWord(one)}
            </option>
          ))}
        </SelectField>
        <SelectField label={t("form.category")} value={form.category} onChange={(event) => set({ category: event.target.value as Form["category"] })}>
          {CATEGORIES.map((one) => (
            <option key={one} value={one}>
              {t(`category.${one}`)}
            </option>
          ))}
        </SelectField>
      </div>
    </>
  );
}

function What({ form, flaws, isNew, set }: FieldProps & { isNew: boolean }) {
  const { t } = useTranslation("devices/alarms");
  const types = useTypes();
  const watchable = useWatchable(form.type);
  const attributes = watchable.data ?? [];
  const isKnown = attributes.some((one) => one.name === form.attribute);
  return (
    <div className={styles.pair}>
      <SelectField
        label={t("form.type")}
        value={form.type}
        disabled={!isNew}
        onChange={(event) => set({ type: event.target.value, attribute: "", ids: [] })}
        {...(flaws.includes("type") && { error: t("flaw.type") })}
      >
        <option value="">{t("form.choose")}</option>
        {[...new Set([...(types.data ?? []), ...(form.type === "" ? [] : [form.type])])].map((type) => (
          <option key={type} value={type}>
            {typeName(type)}
          </option>
        ))}
      </SelectField>
      <SelectField
        label={t("form.attribute")}
        value={form.attribute}
        disabled={form.type === "" || !isNew}
        onChange={(event) => set({ attribute: event.target.value })}
        {...(flaws.includes("attribute") && { error: t("flaw.attribute") })}
        {...(watchable.isSuccess && attributes.length === 0 && { hint: t("form.noNumbers") })}
      >
        <option value="">{t("form.choose")}</option>
        {!isKnown && form.attribute !== "" && <option value={form.attribute}>{attributeName(form.attribute)}</option>}
        {attributes.map((one) => (
          <option key={one.name} value={one.name}>
            {attributeName(one.name)}
          </option>
        ))}
      </SelectField>
    </div>
  );
}

const MOST_PLACES = 50;

/** All of the kind, or some that are chosen by name. */
function Places({ form, set }: Pick<FieldProps, "form" | "set">) {
  const { t } = useTranslation("devices/alarms");
  const [isSome, setSome] = useState(form.ids.length > 0);
  const types = useMemo(() => [form.type], [form.type]);
  return (
    <>
      <Choice
        label={t("form.places")}
        value={isSome ? "some" : "all"}
        options={(["all", "some"] as const).map((value) => ({ value, label: t(`form.placesOf.${value}`) }))}
        onChange={(value) => {
          setSome(value === "some");
          if (value === "all") set({ ids: [] });
        }}
      />
      {isSome && <EntityPicker label={t("form.which")} value={form.ids} types={types} max={MOST_PLACES} onChange={(ids) => set({ ids })} />}
    </>
  );
}

function Limits({ form, flaws, unit, set }: FieldProps & { unit: string }) {
  const { t } = useTranslation("devices/alarms");
  const withUnit = (words: string): string => (unit === "" ? words : t("form.withUnit", { words, unit }));
  const number = (member: "above" | "below" | "hysteresis" | "minutes", label: string, hint?: string) => (
    <TextField
      label={label}
      hint={hint}
      inputMode="decimal"
      maxLength={20}
      isOptional={member === "hysteresis" || member === "minutes"}
      value={form[member]}
      onChange={(event) => set({ [member]: event.target.value })}
      {...(flaws.includes(member) && { error: t(`flaw.${member}`) })}
      {...(member === "below" && flaws.includes("order") && { error: t("flaw.order") })}
    />
  );
  return (
    <>
      <div className={styles.pair}>
        {form.side !== "above" && number("below", withUnit(t("form.below")))}
        {form.side !== "below" && number("above", withUnit(t("form.above")))}
      </div>
      <div className={styles.pair}>
        {number("minutes", t("form.minutes"), t("form.minutesHint"))}
        {number("hysteresis", withUnit(t("form.hysteresis")), t("form.hysteresisHint"))}
      </div>
    </>
  );
}
