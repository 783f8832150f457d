import { useTranslation } from "react-i18next";
import { SelectField, TextField } from "../../../components/Field";
import { organisationName } from "../people/asking";
import styles from "../people/people.module.css";
import { useRoleWords } from "../people/roles";
import { TenantPicker } from "../people/TenantPicker";
import type { Fault, PersonRole } from "./logic/form";
import type { AccountFormState } from "./useAccountForm";

interface Props extends AccountFormState {
  /** By which a button elsewhere sends it. */
  id: string;
  label: string;
  /** A name never changes. */
  isNew: boolean;
  faults: ReadonlySet<Fault>;
  onSubmit: () => void;
}

export function AccountFields({ id, label, isNew, form, organisations, roles, tenants, change, faults, onSubmit }: Props) {
  const { t } = useTranslation("settings/accounts");
  const words = useRoleWords();
  const send = (event: React.SubmitEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <form id={id} className={styles.form} aria-label={label} onSubmit={send} noValidate>
      {isNew && (
        <TextField
          label={t("form.name")}
          hint={t("form.nameHint")}
          error={faults.has("name") ? t("form.nameWrong") : faults.has("taken") ? t("form.nameTaken") : undefined}
          maxLength={128}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={form.name}
          onChange={(event) => change({ name: event.target.value })}
        />
      )}
      <TextField label={t("form.shown")} hint={t("form.shownHint")} isOptional maxLength={200} autoComplete="off" value={form.shown} onChange={(event) => change({ shown: event.target.value })} />
      {organisations.length > 1 && (
        <SelectField label={t("form.organisation")} value={form.organisation} onChange={(event) => change({ organisation: event.target.value })}>
          {organisations.map((one) => (
            <option key={one.name} value={one.name}>
              {organisationName(one)}
            </option>
          ))}
        </SelectField>
      )}
      <SelectField label={t("form.role")} hint={words.sentence(form.role)} value={form.role} onChange={(event) => change({ role: event.target.value as PersonRole })}>
        {roles.map((role) => (
          <option key={role} value={role}>
            {words.name(role)}
          </option>
        ))}
      </SelectField>
      <TenantPicker options={tenants} value={form.tenants} onChange={(next) => change({ tenants: next })} />
    </form>
  );
}
