import { useTranslation } from "react-i18next";
import { useSearch } from "../../../app/router";
import { EntityPicker } from "../../../components/EntityPicker";
import { Choice, SelectField } from "../../../components/Field";
import { ErrorState, Loading } from "../../../components/states";
import { attributeName, typeName } from "../../../format/names";
import { useKeysOf, useOrganisations } from "../organisations/asking";
import { Answer } from "./Answer";
import { useAttributes, useExplanation, useTypes } from "./asking";
import { OPERATIONS, PUBLIC } from "./logic/draft";
import { type Asked, readAsked, writeQuestion } from "./logic/question";
import { organisationName } from "./logic/sentence";
import styles from "./Grants.module.css";

/** "May they …?" and why, or why not. The whole question stands in the address: send it to a colleague. */
export function Why() {
  const { t } = useTranslation("settings/grants");
  const [search] = useSearch();
  const asked = readAsked(search);
  const question = writeQuestion(asked);
  const told = useExplanation(question);
  return (
    <>
      <h2>{t("why.title")}</h2>
      <p className={styles.soft}>{t("why.about")}</p>
      <div className={styles.halves}>
        <Question asked={asked} />
        <div className={styles.form} aria-live="polite">
          {question === undefined && <p className={styles.section}>{t(asked.operation === "delete" ? "why.choosePlace" : "why.choose")}</p>}
          {question !== undefined && told.isPending && <Loading />}
          {told.isError && <ErrorState error={told.error} onRetry={() => void told.refetch()} />}
          {question !== undefined && told.data !== undefined && !told.isError && <Answer told={told.data} asked={asked} />}
        </div>
      </div>
    </>
  );
}

function Question({ asked }: { asked: Asked }) {
  const { t } = useTranslation("settings/grants");
  const [, change] = useSearch();
  const organisations = useOrganisations();
  const types = useTypes();
  const attributes = useAttributes(asked.type === "" ? [] : [asked.type]);
  const known = [...new Set([...(types.data ?? []), ...(asked.type === "" ? [] : [asked.type])])];
  const offered = [...new Set([...(attributes.data ?? []), ...(asked.attribute === "" ? [] : [asked.attribute])])];
  return (
    <section className={styles.section} aria-label={t("why.question")}>
      <SelectField label={t("why.who")} value={asked.organisation} onChange={(event) => change({ to: event.target.value, key: undefined })}>
        <option value="">{t("form.choose")}</option>
        {(organisations.data ?? []).map((one) => (
          <option key={one.name} value={one.name}>
            {organisationName(one)}
          </option>
        ))}
      </SelectField>
      {asked.organisation !== "" && asked.organisation !== PUBLIC && <KeyField asked={asked} />}
      <Choice label={t("why.operation")} value={asked.operation} options={OPERATIONS.map((one) => ({ value: one, label: t(`why.operations.${one}`) }))} onChange={(operation) => change({ operation })} />
      <SelectField label={t("why.type")} value={asked.type} onChange={(event) => change({ type: event.target.value, entity: undefined, attribute: undefined })}>
        <option value="">{t("form.choose")}</option>
        {known.map((type) => (
          <option key={type} value={type}>
            {typeName(type)}
          </option>
        ))}
      </SelectField>
      {asked.type !== "" && (
        <>
          <SelectField label={t("why.attribute")} isOptional value={asked.attribute} onChange={(event) => change({ attribute: event.target.value })}>
            <option value="">{t("why.anyAttribute")}</option>
            {offered.map((name) => (
              <option key={name} value={name}>
                {attributeName(name)}
              </option>
            ))}
          </SelectField>
          <EntityPicker label={t("why.entity")} types={[asked.type]} value={asked.entity === "" ? [] : [asked.entity]} max={1} onChange={(ids) => change({ entity: ids[0] })} />
        </>
      )}
    </section>
  );
}

/** To a key alone something may be granted, and it may be void. */
function KeyField({ asked }: { asked: Asked }) {
  const { t } = useTranslation("settings/grants");
  const [, change] = useSearch();
  const keys = useKeysOf(asked.organisation);
  if ((keys.data ?? []).length === 0) return null;
  return (
    <SelectField label={t("why.key")} isOptional value={asked.key} onChange={(event) => change({ key: event.target.value })}>
      <option value="">{t("why.anyKey")}</option>
      {keys.data?.map((key) => (
        <option key={key.prefix} value={key.prefix}>
          {key.label} ({key.prefix})
        </option>
      ))}
    </SelectField>
  );
}
