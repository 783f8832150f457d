import { useTranslation } from "react-i18next";
import { useAuth } from "../../../app/auth";
import { formatDate } from "../../../format/times";
import { type Me, organisationName } from "../people/asking";
import people from "../people/people.module.css";
import { useRoleWords } from "../people/roles";
import styles from "../Settings.module.css";

/** Name, role, organisation, tenants; of a key also its end. */
export function Identity({ me }: { me: Me }) {
  const { t } = useTranslation("settings/me");
  const roles = useRoleWords();
  const { visitor } = useAuth();
  const { key, organisation } = me;
  return (
    <section className={styles.section} aria-labelledby="me">
      <h2 id="me">{t("title")}</h2>
      <dl className={styles.facts}>
        <dt>{key == null ? t("name") : t("key")}</dt>
        <dd>
          {key == null ? (visitor.shown ?? t("anyone")) : key.label === undefined || key.label === "" ? t("unnamed") : key.label}
          {key != null && <code className={people.minor}>{key.prefix}</code>}
        </dd>
        <dt>{t("roleLabel")}</dt>
        <dd>
          {roles.name(me.role)}
          <span className={people.minor}>{roles.sentence(me.role)}</span>
        </dd>
        {organisation != null && (
          <>
            <dt>{t("organisation")}</dt>
            <dd>{organisationName(organisation)}</dd>
          </>
        )}
        <dt>{t("tenants")}</dt>
        <dd>{me.tenants === null ? t("allTenants") : me.tenants.join(t("comma"))}</dd>
        {key != null && (
          <>
            <dt>{t("end")}</dt>
            <dd>{key.expiresAt == null ? t("forever") : t("until", { at: formatDate(key.expiresAt) })}</dd>
          </>
        )}
      </dl>
      {visitor.kind === "open" && <p className={people.soft}>{t("open")}</p>}
    </section>
  );
}
