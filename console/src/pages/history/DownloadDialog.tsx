import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Dialog } from "../../components/Dialog";
import { Download } from "../../components/Download";
import { Choice, SelectField } from "../../components/Field";
import { getLanguage } from "../../i18n";
import type { Taken } from "./Actions";
import styles from "./History.module.css";
import type { Bucket } from "./logic/bucket";
import { type Format, historyPath } from "./logic/requests";
import { yearName } from "./titles";

const FORMATS: readonly Exclude<Format, "json">[] = ["csv", "xlsx", "parquet"];

/** Files with the values of the figure, or with more: all places, every value. */
export function DownloadDialog(props: Taken & { onClose: () => void }) {
  const { question, shown, places, span, bucket, loaded, onClose } = props;
  const { t } = useTranslation("history");
  const [scope, setScope] = useState<"all" | "shown">("all");
  const [values, setValues] = useState<"buckets" | "raw">("buckets");
  const [layout, setLayout] = useState<"long" | "wide">("long");
  const [year, setYear] = useState(0);
  const asked = scope === "shown" ? { ...question, ids: shown } : question;
  const used: Bucket = values === "raw" ? "none" : bucket;
  const window = loaded.windows[year]?.span ?? span;
  return (
    <Dialog title={t("download.title")} onClose={onClose}>
      <div className={styles.form}>
        <div className={styles.actions}>
          {FORMATS.map((format) => (
            <Download key={format} kind={format === "xlsx" ? "main" : "normal"} name={`machi.${format}`} path={historyPath(asked, window, used, { format, layout, language: getLanguage() })}>
              {t(`download.${format}`)}
            </Download>
          ))}
        </div>
        {loaded.windows.length > 1 && (
          <SelectField label={t("download.year")} value={year} onChange={(event) => setYear(Number(event.target.value))}>
            {loaded.windows.map((one) => (
              <option key={one.yearsBefore} value={one.yearsBefore}>
                {yearName(one.yearsBefore, span)}
              </option>
            ))}
          </SelectField>
        )}
        {places > shown.length && (
          <Choice
            label={t("download.places")}
            value={scope}
            options={[
              { value: "all", label: t("download.placesAll", { count: places }) },
              { value: "shown", label: t("download.placesShown", { count: shown.length }) },
            ]}
            onChange={setScope}
          />
        )}
        {bucket !== "none" && (
          <Choice
            label={t("download.values")}
            value={values}
            options={[
              { value: "buckets", label: t("download.valuesBuckets", { bucket: t(`bucket.${bucket}`) }) },
              { value: "raw", label: t("download.valuesRaw") },
            ]}
            onChange={setValues}
          />
        )}
        <Choice label={t("download.layout")} value={layout} options={(["long", "wide"] as const).map((one) => ({ value: one, label: t(`download.${one}`) }))} onChange={setLayout} />
        <p className={styles.soft}>{t("download.note")}</p>
      </div>
    </Dialog>
  );
}
