import { useTranslation } from "react-i18next";
import { useSearch } from "../../../app/router";
import { Download } from "../../../components/Download";
import { Notice } from "../../../components/states";
import { templatePath } from "./asking";
import { Checking } from "./Checking";
import { Columns, Profiles } from "./Columns";
import styles from "./Import.module.css";

/** Before there is a report: the template, and the file. */
export function Start() {
  const { t } = useTranslation("devices/import");
  const [search, change] = useSearch();
  return (
    <>
      {search.has("ended") && <Notice kind="info">{t("start.ended")}</Notice>}
      <section className={styles.section} aria-labelledby="template">
        <h2 id="template">{t("template.title")}</h2>
        <p>{t("template.text")}</p>
        <div className={styles.actions}>
          <Download path={templatePath("xlsx")} name="devices.xlsx">
            {t("template.excel")}
          </Download>
          <Download path={templatePath("csv")} name="devices.csv">
            {t("template.csv")}
          </Download>
        </div>
        <Columns />
        <Profiles />
      </section>
      <section className={styles.section} aria-labelledby="file">
        <h2 id="file">{t("file.title")}</h2>
        <Checking onChecked={(found) => change({ id: String(found.id), ended: undefined }, { push: true })} />
      </section>
    </>
  );
}
