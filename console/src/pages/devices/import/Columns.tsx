import { useTranslation } from "react-i18next";
import { ErrorState, Loading } from "../../../components/states";
import { typeName } from "../../../format/names";
import { useProfiles } from "../new/asking";
import styles from "./Import.module.css";

const COLUMNS = ["id", "profile", "name", "place", "interval", "serial", "owner", "tags", "notes"] as const;

/** What the template's columns are, each with an example. */
export function Columns() {
  const { t } = useTranslation("devices/import");
  return (
    <details className={styles.more}>
      <summary>{t("columns.title")}</summary>
      <div className={styles.scroller} role="region" aria-label={t("columns.title")} tabIndex={0}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">{t("columns.column")}</th>
              <th scope="col">{t("columns.meaning")}</th>
              <th scope="col">{t("columns.example")}</th>
            </tr>
          </thead>
          <tbody>
            {COLUMNS.map((name) => (
              <tr key={name}>
                <th scope="row">{t(`columns.${name}.name`)}</th>
                <td>{t(`columns.${name}.meaning`)}</td>
                <td>
                  <code>{t(`columns.${name}.example`)}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className={styles.soft}>{t("columns.more")}</p>
    </details>
  );
}

/** The names that the column of the profile takes. */
export function Profiles() {
  const { t } = useTranslation("devices/import");
  const found = useProfiles();
  return (
    <details className={styles.more}>
      <summary>{t("profiles.title")}</summary>
      {found.isPending && <Loading />}
      {found.isError && <ErrorState error={found.error} onRetry={() => void found.refetch()} />}
      {found.data !== undefined && (
        <div className={styles.scroller} role="region" aria-label={t("profiles.title")} tabIndex={0}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">{t("profiles.name")}</th>
                <th scope="col">{t("profiles.measures")}</th>
                <th scope="col">{t("profiles.make")}</th>
              </tr>
            </thead>
            <tbody>
              {found.data.map((profile) => (
                <tr key={profile.name}>
                  <th scope="row">
                    <code>{profile.name}</code>
                  </th>
                  <td>{typeName(profile.entityType)}</td>
                  <td>{profile.title ?? "–"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
