import { useTranslation } from "react-i18next";
import { Link } from "../../../app/router";
import { ErrorState, Loading } from "../../../components/states";
import { formatAge, formatMoment } from "../../../format/times";
import { type Organisation, useKeysOf } from "./asking";
import { Badge } from "./Badge";
import styles from "./Organisations.module.css";

/** The keys of an organisation that open something, and when they last did. */
export function KeysOf({ one }: { one: Organisation }) {
  const { t } = useTranslation("settings/organisations");
  const found = useKeysOf(one.name);
  const keys = (found.data ?? []).filter((key) => key.state === "valid" || key.state === "rotated");
  return (
    <section className={styles.section} aria-labelledby="organisation-keys">
      <div className={styles.head}>
        <h2 id="organisation-keys">{t("keys.title")}</h2>
        <Link to="/settings/keys">{t("keys.manage")}</Link>
      </div>
      {found.isPending && <Loading />}
      {found.isError && <ErrorState error={found.error} onRetry={() => void found.refetch()} />}
      {found.data !== undefined && keys.length === 0 && <p>{t("keys.none")}</p>}
      <ul className={styles.rows}>
        {keys.map((key) => (
          <li key={key.prefix}>
            <div>
              <p>
                <strong>{key.label === undefined || key.label === "" ? t("keys.unnamed") : key.label}</strong> <code>{key.prefix}</code> <Badge>{t(`role.${key.role}`)}</Badge>
              </p>
              <p className={styles.soft}>
                {key.lastUsedAt == null ? t("keys.unused") : t("keys.used", { age: formatAge(key.lastUsedAt) })} · {key.expiresAt == null ? t("keys.forever") : t("keys.until", { at: formatMoment(key.expiresAt) })}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
