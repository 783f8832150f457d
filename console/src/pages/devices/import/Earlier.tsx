import { useTranslation } from "react-i18next";
import { Link } from "../../../app/router";
import { ErrorState, Loading } from "../../../components/states";
import { formatAge, formatMoment } from "../../../format/times";
import { useImports } from "./asking";
import styles from "./Import.module.css";
import { whoOf } from "./logic/stage";

/** Imports of the last thirty days, the newest first; mere checks are left out. */
export function Earlier() {
  const { t } = useTranslation("devices/import");
  const found = useImports();
  if (found.isPending) return <Loading />;
  if (found.data === undefined) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />;
  const imports = found.data.imports.filter((one) => one.state !== "checked");
  if (imports.length === 0) return null;
  return (
    <section className={styles.section} aria-labelledby="earlier">
      <h2 id="earlier">{t("earlier.title")}</h2>
      <ul className={styles.earlier}>
        {imports.map((one) => {
          const { kind, name } = whoOf(one.principal ?? "");
          const counts = { created: one.counts.created, updated: one.counts.updated, failed: one.counts.failed };
          return (
            <li key={one.id}>
              <Link to={`/devices/import?id=${one.id}`}>{one.fileName ?? t("noName")}</Link>
              <span>{t(`state.${one.state}`, counts)}</span>
              <span className={styles.soft}>
                {one.createdAt != null && <time title={formatMoment(one.createdAt)}>{formatAge(one.createdAt)}</time>} {t(`who.${kind}`, { name })}
              </span>
              {one.credentials?.available === true && <strong className={styles.open}>{t("earlier.open")}</strong>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
