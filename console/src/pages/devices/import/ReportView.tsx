import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearch } from "../../../app/router";
import { Download } from "../../../components/Download";
import { Notice } from "../../../components/states";
import { formatCount } from "../../../format/numbers";
import { type DeviceImport, reportPath } from "./asking";
import { Checking } from "./Checking";
import styles from "./Import.module.css";
import { keptFile } from "./logic/kept";
import { columnFaults } from "./logic/rows";
import { RegisterThem } from "./RegisterThem";
import { RowTable } from "./RowTable";

const COUNTS = ["create", "update", "unchanged", "faulty"] as const;

/** What a file would do: counts, every row with what is wrong in it, and the ways on. */
export function ReportView({ found }: { found: DeviceImport }) {
  const { t } = useTranslation("devices/import");
  const [, change] = useSearch();
  const { report } = found;
  const [file] = useState(() => keptFile(String(found.id)));
  const open = (next: DeviceImport) => change({ id: String(next.id) }, { push: true });
  const isWrong = report.faulty > 0;
  const count = report.create + report.update;
  const verdict = isWrong ? "wrong" : count === 0 ? "nothing" : "right";
  return (
    <>
      <Notice kind={isWrong ? "bad" : count === 0 ? "info" : "good"}>{t(`report.${verdict}`, { count, faulty: formatCount(report.faulty) })}</Notice>
      <dl className={styles.numbers}>
        {COUNTS.map((name) => (
          <div key={name}>
            <dt>{t(`count.${name}`)}</dt>
            <dd>{t("count.rows", { count: report[name], shown: formatCount(report[name]) })}</dd>
          </div>
        ))}
      </dl>
      <ColumnNotes found={found} />
      {!isWrong && count > 0 && file !== undefined && <RegisterThem report={report} file={file} onSent={open} />}
      <RowTable report={report} />
      <div className={styles.actions}>
        {report.faults.length > columnFaults(report.faults).length && (
          <Download path={reportPath(found.id)} name={`report-${found.id}.csv`}>
            {t("report.download")}
          </Download>
        )}
        {isWrong && count > 0 && file !== undefined && <RegisterThem report={report} file={file} onSent={open} />}
      </div>
      <section className={styles.section} aria-labelledby="another">
        <h3 id="another">{t(isWrong ? "report.mend" : file === undefined && count > 0 ? "report.gone" : "report.another")}</h3>
        {(isWrong || file === undefined) && count + report.faulty > 0 && <p>{t(isWrong ? "report.mendText" : "report.goneText")}</p>}
        <Checking isAgain isMain={isWrong || file === undefined || count === 0} onChecked={open} />
      </section>
    </>
  );
}

/** Columns that are not used: often a name that is misspelt. */
function ColumnNotes({ found }: { found: DeviceImport }) {
  const { t } = useTranslation("devices/import");
  const notes = columnFaults(found.report.faults);
  if (notes.length === 0) return null;
  return (
    <Notice kind="warn">
      {t("report.columns")}
      <ul className={styles.notes}>
        {notes.map((note) => (
          <li key={note.column}>
            <strong>{note.column}</strong>: {note.what}
          </li>
        ))}
      </ul>
    </Notice>
  );
}
