import { useTranslation } from "react-i18next";
import { Link } from "../../../app/router";
import { Button } from "../../../components/Button";
import { SelectField } from "../../../components/Field";
import { useKeysOf, useOrganisations } from "../organisations/asking";
import type { FieldProps } from "./Form";
import { type Operation, PUBLIC } from "./logic/draft";
import { organisationName } from "./logic/sentence";
import { More } from "./More";
import styles from "./Grants.module.css";

const PRESETS: readonly { readonly name: "current" | "past" | "public"; readonly operations: readonly Operation[] }[] = [
  { name: "current", operations: ["read"] },
  { name: "past", operations: ["read", "history"] },
  { name: "public", operations: ["read", "history"] },
];

/** To whom: an organisation, everybody, or one key. Whom a grant was given to stays. */
export function Who({ draft, change, errorOf, isFixed }: FieldProps & { isFixed: boolean }) {
  const { t } = useTranslation("settings/grants");
  const organisations = useOrganisations();
  const shown = (organisations.data ?? []).filter((one) => one.kind !== "town" || one.name === draft.organisation);
  const error = errorOf("organisation");
  return (
    <section className={styles.section} aria-labelledby="form-who">
      <h3 id="form-who">{t("form.who")}</h3>
      {!isFixed && (
        <div className={styles.presets} role="group" aria-label={t("preset.label")}>
          <span className={styles.soft}>{t("preset.label")}</span>
          {PRESETS.map((preset) => (
            <Button key={preset.name} onClick={() => change({ operations: preset.operations, ...(preset.name === "public" && { organisation: PUBLIC, key: "", personal: false }) })}>
              {t(`preset.${preset.name}`)}
            </Button>
          ))}
        </div>
      )}
      <SelectField
        label={t("form.organisation")}
        value={draft.organisation}
        disabled={isFixed || draft.key !== ""}
        {...(error !== undefined && { error })}
        onChange={(event) => change({ organisation: event.target.value, ...(event.target.value === PUBLIC && { operations: draft.operations.filter((one) => one === "read" || one === "history"), personal: false }) })}
      >
        <option value="">{t("form.choose")}</option>
        {shown.map((one) => (
          <option key={one.name} value={one.name}>
            {organisationName(one)}
          </option>
        ))}
      </SelectField>
      {draft.key !== "" && <p>{t("form.toKey", { key: draft.key })}</p>}
      {!isFixed && (
        <p className={styles.soft}>
          <Link to="/settings/organisations/new">{t("form.newOrganisation")}</Link>
        </p>
      )}
      {!isFixed && draft.organisation !== "" && draft.organisation !== PUBLIC && <OneKey organisation={draft.organisation} onChoose={(key) => change({ key })} />}
      {!isFixed && draft.key !== "" && (
        <div>
          <Button onClick={() => change({ key: "" })}>{t("form.wholeOrganisation")}</Button>
        </div>
      )}
    </section>
  );
}

function OneKey({ organisation, onChoose }: { organisation: string; onChoose: (key: string) => void }) {
  const { t } = useTranslation("settings/grants");
  const keys = useKeysOf(organisation);
  const valid = (keys.data ?? []).filter((key) => key.state === "valid");
  if (valid.length < 2) return null;
  return (
    <More title={t("form.oneKey")}>
      <SelectField label={t("form.key")} value="" onChange={(event) => onChoose(event.target.value)}>
        <option value="">{t("form.choose")}</option>
        {valid.map((key) => (
          <option key={key.prefix} value={key.prefix}>
            {key.label} ({key.prefix})
          </option>
        ))}
      </SelectField>
    </More>
  );
}
