import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { cx } from "../../../components/cx";
import { Choice } from "../../../components/Field";
import { Icon, type IconName } from "../../../components/Icon";
import { formatCount } from "../../../format/numbers";
import type { Report } from "./asking";
import styles from "./Import.module.css";
import { choicesOf, type Fault, type Outcome, onlyWanted, type ReportRow, rowsOf, type Wanted } from "./logic/rows";

const FIRST = 100;
const LOOKS: Record<Outcome, { tone: "good" | "quiet" | "bad"; icon: IconName }> = {
  create: { tone: "good", icon: "plus" },
  update: { tone: "good", icon: "check" },
  unchanged: { tone: "quiet", icon: "info" },
  refuse: { tone: "bad", icon: "stop" },
};

/** The rows of the file, each with what becomes of it and what is wrong in it. */
export function RowTable({ report }: { report: Report }) {
  const { t } = useTranslation("devices/import");
  const rows = useMemo(() => rowsOf(report.lines ?? [], report.faults), [report]);
  const [wanted, setWanted] = useState<Wanted>(report.faulty > 0 ? "refused" : "all");
  const [most, setMost] = useState(FIRST);
  const shown = onlyWanted(rows, wanted);
  const options = choicesOf(rows).map(({ value, count }) => ({ value, label: t(`rows.${value}`, { count }) }));
  const leftOut = report.linesLeftOut ?? 0;
  return (
    <div className={styles.part}>
      <h3>{t("rows.title")}</h3>
      {options.length > 1 && <Choice label={t("rows.show")} isLabelHidden value={wanted} options={options} onChange={setWanted} />}
      {shown.length === 0 ? <p>{t("rows.nothing")}</p> : <Rows rows={shown.slice(0, most)} />}
      {shown.length > most && (
        <div>
          <Button onClick={() => setMost(most + 10 * FIRST)}>{t("rows.more", { count: shown.length - most })}</Button>
        </div>
      )}
      {leftOut > 0 && wanted === "all" && <p className={styles.soft}>{t("rows.leftOut", { shown: formatCount(report.rows - leftOut), left: formatCount(leftOut) })}</p>}
    </div>
  );
}

function Rows({ rows }: { rows: readonly ReportRow[] }) {
  const { t } = useTranslation("devices/import");
  return (
    <div className={styles.scroller} role="region" aria-label={t("rows.title")} tabIndex={0}>
      <table className={cx(styles.table, styles.rows)}>
        <thead>
          <tr>
            <th scope="col">{t("rows.row")}</th>
            <th scope="col">{t("rows.device")}</th>
            <th scope="col">{t("rows.outcome")}</th>
            <th scope="col">{t("rows.said")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.row}>
              <td className={styles.number}>{row.row}</td>
              <th scope="row">
                {row.id ?? t("rows.noId")}
                <span className={styles.soft}>{[row.name, row.profile].filter((text) => text != null).join(" · ")}</span>
              </th>
              <td>
                <Badge outcome={row.action} />
              </td>
              <td>
                <Said row={row} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Badge({ outcome }: { outcome: Outcome }) {
  const { t } = useTranslation("devices/import");
  const { tone, icon } = LOOKS[outcome];
  return (
    <span className={cx(styles.badge, styles[tone])}>
      <Icon name={icon} size={18} />
      {t(`outcome.${outcome}`)}
    </span>
  );
}

/** What is said of a row: its changes, or each fault with the cell it is in. */
function Said({ row }: { row: ReportRow }) {
  const { t } = useTranslation("devices/import");
  const changes = (row.changes ?? []).map((name) => t(`member.${name}`, { defaultValue: name }));
  return (
    <>
      {changes.length > 0 && <p>{t("rows.changes", { members: changes.join(t("rows.comma")) })}</p>}
      {row.faults.length > 0 && (
        <ul className={styles.faults}>
          {row.faults.map((fault) => (
            <li key={`${fault.column ?? ""} ${fault.code}`} className={styles[fault.severity]}>
              <Cell fault={fault} />
              <p>{fault.what}</p>
              <Mend text={fault.mend} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

const SHORT = 100;

/** How to mend it; a long list of choices is opened by who wants to read it. */
function Mend({ text }: { text: string }) {
  const { t } = useTranslation("devices/import");
  if (text.length <= SHORT) return <p className={styles.soft}>{text}</p>;
  return (
    <details className={styles.soft}>
      <summary>{t("rows.mend")}</summary>
      {text}
    </details>
  );
}

function Cell({ fault }: { fault: Fault }) {
  const { t } = useTranslation("devices/import");
  return (
    <p className={styles.cell}>
      <Icon name={fault.severity === "error" ? "stop" : "warning"} size={18} />
      <strong>
        <span className="visually-hidden">{t(`severity.${fault.severity}`)} </span>
        {fault.column ?? t("rows.wholeRow")}
      </strong>
      {fault.value != null && <code>{fault.value === "" ? t("rows.empty") : fault.value}</code>}
    </p>
  );
}
