import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { getTenant, setTenant } from "../../../api/credentials";
import { SelectField } from "../../../components/Field";
import { useTenants } from "../people/asking";
import styles from "../Settings.module.css";
import me from "./Me.module.css";
import { tenantToSend, usualTenant } from "./logic/tenants";

/** In which tenant one works; nothing where there is only one. */
export function TenantChoice() {
  const { t } = useTranslation("settings/me");
  const queries = useQueryClient();
  const tenants = useTenants().data ?? [];
  const [chosen, setChosen] = useState(getTenant);
  if (tenants.length < 2) return null;
  const choose = (name: string) => {
    setTenant(tenantToSend(name, tenants));
    setChosen(getTenant());
    void queries.resetQueries(); // what is shown elsewhere is of the other tenant
  };
  return (
    <section className={styles.section} aria-labelledby="tenant">
      <h2 id="tenant">{t("tenant.title")}</h2>
      <div className={me.short}>
        <SelectField label={t("tenant.label")} hint={t("tenant.hint")} value={chosen ?? usualTenant(tenants) ?? ""} onChange={(event) => choose(event.target.value)}>
          {chosen === null && usualTenant(tenants) === undefined && <option value="">{t("tenant.none")}</option>}
          {tenants.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </SelectField>
      </div>
    </section>
  );
}
