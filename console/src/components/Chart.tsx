/**
 * A chart of values over time: uPlot (50 kB, canvas) because it draws 100,000 points in tens of milliseconds.
 * Curves differ by dash and marker as well as by colour, and carry their names; arrow keys move through the values and
 * tell them; the same data is there as a table. Gaps (null) stay gaps.
 */

import "uplot/dist/uPlot.min.css";

import { type KeyboardEvent, type Ref, useId, useImperativeHandle, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatTime } from "../format/times";
import { Button } from "./Button";
import styles from "./Chart.module.css";
import { ChartTable } from "./chart/ChartTable";
import { Legend } from "./chart/Legend";
import type { ChartHandle, ChartMark, ChartSeries, WriteTime } from "./chart/model";
import { describe, nextIndex, summary } from "./chart/reading";
import { usePlot } from "./chart/usePlot";

export { align, withGaps } from "./chart/align";
export type { ChartHandle, ChartSeries } from "./chart/model";

interface Props {
  /** What is shown, for those who do not see it. */
  label: string;
  series: readonly ChartSeries[];
  from?: number;
  to?: number;
  height?: number;
  /** Level lines, with a name (standards, alert levels). */
  marks?: readonly ChartMark[];
  isSmall?: boolean;
  /** Called when a stretch of time was drawn with the mouse; without it there is no zoom. */
  onZoom?: (from: number, to: number) => void;
  /** How the times of the table and the cursor are written. */
  formatAt?: WriteTime;
  handle?: Ref<ChartHandle>;
}

const NO_MARKS: readonly ChartMark[] = [];

export function Chart({ label, series, from, to, marks = NO_MARKS, isSmall = false, height, onZoom, formatAt = formatTime, handle }: Props) {
  const { t } = useTranslation();
  const [isTable, setTable] = useState(false);
  const hint = useId();
  const { holder, data, cursor, moveTo, emphasise, toPng } = usePlot({ series, marks, isSmall, height, from, to, onZoom, isDrawn: !isTable });
  const spoken = useMemo(() => summary(series, { none: t("chart.none"), mean: t("chart.mean") }), [series, t]);
  useImperativeHandle(handle, () => ({ toPng }));
  const move = (event: KeyboardEvent) => {
    const next = nextIndex(event, cursor, data[0].length);
    if (next === undefined) return;
    event.preventDefault();
    moveTo(next);
  };
  const shown = cursor === null ? null : describe(series, data, cursor, formatAt);
  return (
    <figure className={styles.figure} aria-label={label}>
      {isTable ? (
        <ChartTable label={label} series={series} data={data} formatAt={formatAt} />
      ) : (
        // A graph that is walked through by keys is a widget of its own; ARIA has no better word for it
        // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
        <div
          ref={holder}
          className={styles.plot}
          role="application"
          aria-roledescription={t("chart.role")}
          aria-label={`${label}. ${spoken}`}
          aria-describedby={hint}
          // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          tabIndex={0}
          onKeyDown={move}
        />
      )}
      <figcaption className={styles.caption}>
        <span className="visually-hidden" id={hint}>
          {t("chart.hint")}
        </span>
        {series.length > 1 && !isTable && <Legend series={series} onEmphasise={emphasise} />}
        <span className={`${styles.reading ?? ""} numbers`} aria-live="polite">
          {shown}
        </span>
        <Button kind="quiet" icon={isTable ? "history" : "table"} onClick={() => setTable(!isTable)}>
          {t(isTable ? "chart.asChart" : "chart.asTable")}
        </Button>
      </figcaption>
    </figure>
  );
}
