import { useTranslation } from "react-i18next";
import { Choice, SelectField, TextField } from "../../../components/Field";
import { DAY, formatDate, toDateInput } from "../../../format/times";
import { organisationName, type Role } from "../people/asking";
import styles from "../people/people.module.css";
import { useRoleWords } from "../people/roles";
import { TenantPicker } from "../people/TenantPicker";
import { useNow } from "../people/useNow";
import { type Fault, TERMS } from "./logic/draft";
import type { KeyFormState } from "./useKeyForm";

interface Props extends KeyFormState {
  /** By which a button elsewhere sends it. */
  id: string;
  faults: ReadonlySet<Fault>;
  onSubmit: () => void;
}

export function KeyFields({ id, form, organisations, roles, tenants, change, faults, onSubmit }: Props) {
  const { t } = useTranslation("settings/keys");
  const words = useRoleWords();
  const send = (event: React.SubmitEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <form id={id} className={styles.form} aria-label={t("make")} onSubmit={send} noValidate>
      <TextField
        label={t("form.label")}
        hint={t("form.labelHint")}
        error={faults.has("label") ? t("form.labelMissing") : undefined}
        maxLength={200}
        autoComplete="off"
        value={form.label}
        onChange={(event) => change({ label: event.target.value })}
      />
      {organisations.length > 1 && (
        <SelectField label={t("form.organisation")} value={form.organisation} onChange={(event) => change({ organisation: event.target.value })}>
          {organisations.map((one) => (
            <option key={one.name} value={one.name}>
              {organisationName(one)}
            </option>
          ))}
        </SelectField>
      )}
      <SelectField label={t("form.role")} hint={words.sentence(form.role)} value={form.role} onChange={(event) => change({ role: event.target.value as Role })}>
        {roles.map((role) => (
          <option key={role} value={role}>
            {words.name(role)}
          </option>
        ))}
      </SelectField>
      <TenantPicker options={tenants} value={form.tenants} onChange={(next) => change({ tenants: next })} />
      <Term form={form} change={change} isWrong={faults.has("date")} />
    </form>
  );
}

function Term({ form, change, isWrong }: Pick<KeyFormState, "form" | "change"> & { isWrong: boolean }) {
  const { t } = useTranslation("settings/keys");
  const now = useNow();
  const end = form.term === "date" ? undefined : formatDate(now + Number(form.term) * DAY);
  return (
    <div className={styles.choices}>
      <Choice label={t("form.term")} value={form.term} options={TERMS.map((term) => ({ value: term, label: t(`term.${term}`) }))} onChange={(term) => change({ term })} />
      {end !== undefined && <p className={styles.soft}>{t("form.until", { at: end })}</p>}
      {form.term === "date" && (
        <TextField
          label={t("form.date")}
          type="date"
          min={toDateInput(now)}
          error={isWrong ? t("form.dateWrong") : undefined}
          value={form.date}
          onChange={(event) => change({ date: event.target.value })}
        />
      )}
    </div>
  );
}
