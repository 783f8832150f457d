import { useTranslation } from "react-i18next";
import { CheckBox, TextField } from "../../../components/Field";
import { Notice } from "../../../components/states";
import { attributeName } from "../../../format/names";
import { AreaField } from "./AreaField";
import { usePersonal } from "./asking";
import type { FieldProps } from "./Form";
import { PUBLIC } from "./logic/draft";
import { More } from "./More";
import { listed } from "./logic/sentence";
import styles from "./Grants.module.css";

/** Until when, where, from when on; and whether personal data is in it. */
export function Limits(props: FieldProps) {
  const { draft, change, errorOf } = props;
  const { t } = useTranslation("settings/grants");
  const isLimited = draft.area !== undefined || draft.scopes !== "" || draft.historyFrom !== "" || draft.validFrom !== "";
  const error = (field: "validFrom" | "validUntil" | "historyFrom" | "scopes") => {
    const text = errorOf(field);
    return text === undefined ? {} : { error: text };
  };
  return (
    <section className={styles.section} aria-labelledby="form-limits">
      <h3 id="form-limits">{t("form.limits")}</h3>
      <div className={styles.pair}>
        <TextField label={t("form.validUntil")} hint={t("form.validUntilHint")} isOptional type="date" value={draft.validUntil} {...error("validUntil")} onChange={(event) => change({ validUntil: event.target.value })} />
        <TextField label={t("form.label")} hint={t("form.labelHint")} isOptional maxLength={500} value={draft.label} onChange={(event) => change({ label: event.target.value })} />
      </div>
      <More title={t("form.moreLimits")} isOpen={isLimited}>
        <div className={styles.inner}>
          <div className={styles.pair}>
            <TextField label={t("form.validFrom")} hint={t("form.validFromHint")} isOptional type="date" value={draft.validFrom} {...error("validFrom")} onChange={(event) => change({ validFrom: event.target.value })} />
            <TextField label={t("form.historyFrom")} hint={t("form.historyFromHint")} isOptional type="date" value={draft.historyFrom} {...error("historyFrom")} onChange={(event) => change({ historyFrom: event.target.value })} />
          </div>
          <AreaField {...props} />
          <TextField label={t("form.scopes")} hint={t("form.scopesHint")} isOptional spellCheck={false} value={draft.scopes} {...error("scopes")} onChange={(event) => change({ scopes: event.target.value })} />
        </div>
      </More>
      <PersonalBox {...props} />
    </section>
  );
}

/** Offered where something is marked as personal: what that is, and what it means to open it. */
function PersonalBox({ draft, change }: FieldProps) {
  const { t } = useTranslation("settings/grants");
  const marks = usePersonal();
  const about = (marks.data ?? []).filter((one) => draft.isAnyType || draft.types.includes(one.type));
  const names = [...new Set(about.flatMap((one) => one.personal))].filter((name) => draft.attributes.length === 0 || draft.attributes.includes(name));
  if (names.length === 0 && !draft.personal) return null;
  const isPublic = draft.organisation === PUBLIC;
  return (
    <>
      <CheckBox label={t("form.personal", { names: listed(names.map(attributeName)) })} checked={draft.personal} onChange={(event) => change({ personal: event.target.checked })} />
      {draft.personal && <Notice kind={isPublic ? "bad" : "warn"}>{t(isPublic ? "form.personalPublic" : "form.personalWarning")}</Notice>}
    </>
  );
}
