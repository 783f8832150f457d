import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { EntityPicker } from "../../components/EntityPicker";
import { CheckBox, SelectField } from "../../components/Field";
import { attributeName, typeName } from "../../format/names";
import { useTypes } from "./catalogue";
import { type ConditionProps, Group } from "./Group";
import styles from "./History.module.css";
import { MAX_IDS } from "./logic/question";
import { PlacesDialog } from "./PlacesDialog";

/** Which kinds, which attributes, which places. */
export function What({ question, completed, measured, change }: ConditionProps) {
  const { t } = useTranslation("history");
  const known = useTypes();
  const [first] = question.types;
  const offered = [...new Set([...(measured.data?.attributes ?? []), ...completed.attributes])];
  const setTypes = (types: string[]) => change({ types, ids: [], shown: [], attributes: [], methods: [] });
  const toggle = (name: string, isOn: boolean) => {
    const attributes = isOn ? [...completed.attributes, name] : completed.attributes.filter((one) => one !== name);
    if (attributes.length > 0) change({ attributes, methods: [], shown: question.shown });
  };
  return (
    <Group title={t("what.title")}>
      {first !== undefined && (
        <SelectField label={t("what.type")} value={first} onChange={(event) => setTypes([event.target.value])}>
          {[...new Set([...(known.data ?? []), ...question.types])].map((type) => (
            <option key={type} value={type}>
              {typeName(type)}
            </option>
          ))}
        </SelectField>
      )}
      <fieldset className={styles.checks}>
        <legend>{t("what.attributes")}</legend>
        {measured.isPending && <p className={styles.soft}>{t("what.loading")}</p>}
        {offered.map((name) => (
          <CheckBox key={name} label={attributeName(name)} checked={completed.attributes.includes(name)} onChange={(event) => toggle(name, event.target.checked)} />
        ))}
      </fieldset>
      <Places question={question} change={change} />
      {first !== undefined && <MoreTypes question={question} known={known.data ?? []} change={change} />}
    </Group>
  );
}

function Places({ question, change }: Pick<ConditionProps, "question" | "change">) {
  const { t } = useTranslation("history");
  const [isOpen, setOpen] = useState(false);
  const types = question.types.length > 0 ? { types: question.types } : {};
  return (
    <details className={styles.more} open={question.ids.length > 0 || undefined}>
      <summary>{t("what.places")}</summary>
      <div className={styles.places}>
        <p className={styles.soft}>{t("what.allPlaces")}</p>
        {question.ids.length > SOME ? (
          <p>{t("what.chosen", { count: question.ids.length })}</p>
        ) : (
          <EntityPicker label={t("what.places")} value={question.ids} max={MAX_IDS} {...types} onChange={(ids) => change({ ids, shown: [] })} />
        )}
        <Button icon="plus" onClick={() => setOpen(true)}>
          {t("what.many")}
        </Button>
      </div>
      {isOpen && <PlacesDialog {...types} chosen={question.ids} onChoose={(ids) => change({ ids, shown: [] })} onClose={() => setOpen(false)} />}
    </details>
  );
}

/** More names than that are a list of their own. */
const SOME = 8;

function MoreTypes({ question, known, change }: Pick<ConditionProps, "question" | "change"> & { known: readonly string[] }) {
  const { t } = useTranslation("history");
  const [first, ...others] = question.types;
  if (known.length < 2) return null;
  const toggle = (type: string, isOn: boolean) => change({ types: isOn ? [...question.types, type] : question.types.filter((one) => one !== type), shown: [] });
  return (
    <details className={styles.more} open={others.length > 0 || undefined}>
      <summary>{t("what.more")}</summary>
      <div className={styles.checks}>
        {known
          .filter((type) => type !== first)
          .map((type) => (
            <CheckBox key={type} label={typeName(type)} checked={others.includes(type)} onChange={(event) => toggle(type, event.target.checked)} />
          ))}
      </div>
    </details>
  );
}
