import { useTranslation } from "react-i18next";
import { CheckBox, Choice } from "../../../components/Field";
import type { TenantOptions } from "./giving";
import styles from "./people.module.css";

interface Props {
  options: TenantOptions;
  /** Those chosen; null: all, as `options.all` says. */
  value: readonly string[] | null;
  onChange: (value: readonly string[] | null) => void;
}

/** Which tenants a key or a person opens; nothing where there is only one to choose. */
export function TenantPicker({ options, value, onChange }: Props) {
  const { t } = useTranslation("settings");
  if (options.names.length < 2) return null;
  const shown = value ?? [];
  const toggle = (name: string, isOn: boolean) => onChange(isOn ? [...shown, name] : shown.filter((one) => one !== name));
  return (
    <div className={styles.tenants}>
      {options.all !== undefined && (
        <Choice
          label={t("tenants.label")}
          value={value === null ? "all" : "chosen"}
          options={[
            { value: "all", label: t(`tenants.${options.all}`) },
            { value: "chosen", label: t("tenants.chosen") },
          ]}
          onChange={(next) => onChange(next === "all" ? null : [])}
        />
      )}
      {(options.all === undefined || value !== null) && (
        <fieldset className={styles.boxes}>
          <legend>{t("tenants.which")}</legend>
          {options.names.map((name) => (
            <CheckBox key={name} label={name} checked={shown.includes(name)} onChange={(event) => toggle(name, event.target.checked)} />
          ))}
          {shown.length === 0 && <p className={styles.hint}>{t("tenants.none")}</p>}
        </fieldset>
      )}
    </div>
  );
}
