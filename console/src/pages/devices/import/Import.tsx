import { useTranslation } from "react-i18next";
import { useSearch } from "../../../app/router";
import { Earlier } from "./Earlier";
import styles from "./Import.module.css";
import { One } from "./One";
import { Start } from "./Start";

/** Many devices from one file: `/devices/import` begins, `?id=7` is one import from its report to its labels. */
export default function Import() {
  const { t } = useTranslation("devices/import");
  const [search] = useSearch();
  const id = search.get("id");
  return (
    <div className={styles.page}>
      <header>
        <h1>{t("title")}</h1>
        <p className={styles.soft}>{t("lead")}</p>
      </header>
      {id === null ? (
        <>
          <Start />
          <Earlier />
        </>
      ) : (
        <One key={id} id={id} />
      )}
    </div>
  );
}
