import { useTranslation } from "react-i18next";
import { CheckBox } from "../../../components/Field";
import styles from "./Organisations.module.css";

/** Which tenants an organisation belongs to; where there is one only, there is nothing to choose. */
export function TenantField({ known, value, onChange }: { known: readonly string[]; value: readonly string[]; onChange: (tenants: readonly string[]) => void }) {
  const { t } = useTranslation("settings/organisations");
  if (known.length < 2) return null;
  return (
    <fieldset className={styles.checks}>
      <legend>{t("form.tenants")}</legend>
      <div>
        {known.map((one) => (
          <CheckBox key={one} label={one} checked={value.includes(one)} onChange={(event) => onChange(event.target.checked ? [...value, one] : value.filter((other) => other !== one))} />
        ))}
      </div>
    </fieldset>
  );
}
