import type uPlot from "uplot";
import { useTranslation } from "react-i18next";
import styles from "../Chart.module.css";
import type { ChartSeries, WriteTime } from "./model";
import { textOf, titleOf } from "./reading";

const MOST_ROWS = 500;

interface Props {
  label: string;
  series: readonly ChartSeries[];
  data: uPlot.AlignedData;
  formatAt: WriteTime;
}

/** The same values as a table, the newest first. Where all of several curves are interrupted there is no row. */
export function ChartTable({ label, series, data, formatAt }: Props) {
  const { t } = useTranslation();
  const times = data[0];
  const first = Math.max(0, times.length - MOST_ROWS);
  const isRow = (row: number) => series.length === 1 || series.some((_, index) => typeof data[index + 1]?.[row] === "number");
  const rows = Array.from({ length: times.length - first }, (_, index) => times.length - 1 - index).filter(isRow);
  return (
    <div className={styles.table} role="region" aria-label={label} tabIndex={0}>
      <table className="numbers">
        <caption className="visually-hidden">{label}</caption>
        <thead>
          <tr>
            <th scope="col">{t("chart.time")}</th>
            {series.map((one) => (
              <th scope="col" key={one.label}>
                {titleOf(one)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row}>
              <th scope="row">{formatAt((times[row] ?? 0) * 1000)}</th>
              {series.map((one, index) => (
                <td key={one.label}>{textOf(data[index + 1]?.[row], one.decimals)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {first > 0 && <p>{t("chart.newest", { count: MOST_ROWS })}</p>}
    </div>
  );
}
