/**
 * A chart of values over time: uPlot (50 kB, canvas) because it draws 100,000 points in tens of milliseconds.
 * Lines differ by dash as well as by colour; arrow keys move through the values and tell them; the same data is there
 * as a table. Gaps (null) stay gaps.
 */

import "uplot/dist/uPlot.min.css";

import { type KeyboardEvent, type Ref, useEffect, useId, useImperativeHandle, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import uPlot from "uplot";
import { useIsDark } from "../app/theme";
import { formatNumber } from "../format/numbers";
import { DAY, formatClock, formatDay, formatTime, HOUR, partsOf, ZONE } from "../format/times";
import { Button } from "./Button";
import styles from "./Chart.module.css";
import { seriesColours, SERIES_DASHES } from "./chartColours";

export interface ChartSeries {
  readonly label: string;
  readonly unit?: string;
  readonly decimals?: number;
  /** [time in ms, value], in order of time; null is a gap. */
  readonly points: readonly (readonly [number, number | null])[];
  /** Bars from zero (sums by day) instead of a line. */
  readonly kind?: "line" | "bars";
}

export interface ChartHandle {
  /** The chart as a PNG, on the ground of the theme. Null while there is none. */
  toPng: () => Promise<Blob | null>;
}

interface Props {
  /** What is shown, for those who do not see it. */
  label: string;
  series: readonly ChartSeries[];
  from?: number;
  to?: number;
  height?: number;
  /** Level lines, with a name (standards, alert levels). */
  marks?: readonly { value: number; label: string }[];
  isSmall?: boolean;
  /** Called when a stretch of time was drawn with the mouse; without it there is no zoom. */
  onZoom?: (from: number, to: number) => void;
  /** How the times of the table and the cursor are written. */
  formatAt?: (ms: number) => string;
  handle?: Ref<ChartHandle>;
}

const SMALL = 120;
const NORMAL = 320;
const MOST_ROWS = 500;

export function Chart({ label, series, from, to, marks = [], isSmall = false, height, onZoom, formatAt = formatTime, handle }: Props) {
  const { t } = useTranslation();
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const isDark = useIsDark();
  const [cursor, setCursor] = useState<number | null>(null);
  const [isTable, setTable] = useState(false);
  const hint = useId();
  const data = useMemo(() => align(series), [series]);
  const times = data[0];

  useImperativeHandle(handle, () => ({ toPng: () => toPng(plot.current) }), []);

  useEffect(() => {
    const element = holder.current;
    if (element === null || isTable) return;
    const options = makeOptions({
      width: Math.max(element.clientWidth, 100),
      height: height ?? (isSmall ? SMALL : NORMAL),
      series,
      marks,
      isSmall,
      style: getComputedStyle(document.documentElement),
      ...(from !== undefined && to !== undefined && { range: [from, to] as const }),
      ...(onZoom && { onZoom }),
      onCursor: setCursor,
    });
    const drawn = new uPlot(options, data, element);
    plot.current = drawn;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0) drawn.setSize({ width: element.clientWidth, height: options.height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, [data, series, marks, isSmall, height, from, to, onZoom, isDark, isTable]);

  const move = (event: KeyboardEvent) => {
    const next = nextIndex(event, cursor, times.length);
    if (next === undefined) return;
    event.preventDefault();
    setCursor(next);
    showCursor(plot.current, next);
  };

  const shown = cursor === null ? null : describe(series, data, cursor, formatAt);
  return (
    <figure className={styles.figure}>
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
          aria-label={`${label}. ${summary(series, t("chart.none"))}`}
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
        {series.length > 1 && <Legend series={series} />}
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

function Legend({ series }: { series: readonly ChartSeries[] }) {
  const colours = seriesColours();
  return (
    <ul className={styles.legend}>
      {series.map((one, index) => (
        <li key={one.label}>
          <svg width="30" height="10" aria-hidden="true">
            <line
              x1="1"
              y1="5"
              x2="29"
              y2="5"
              stroke={colours[index % colours.length]}
              strokeWidth="3"
              strokeDasharray={SERIES_DASHES[index % SERIES_DASHES.length]?.join(" ")}
            />
          </svg>
          {one.label}
          {one.unit !== undefined && one.unit !== "" && ` (${one.unit})`}
        </li>
      ))}
    </ul>
  );
}

function ChartTable({
  label,
  series,
  data,
  formatAt,
}: {
  label: string;
  series: readonly ChartSeries[];
  data: uPlot.AlignedData;
  formatAt: (ms: number) => string;
}) {
  const { t } = useTranslation();
  const times = data[0];
  const first = Math.max(0, times.length - MOST_ROWS);
  const rows = Array.from({ length: times.length - first }, (_, index) => times.length - 1 - index);
  return (
    <div className={styles.table} role="region" aria-label={label} tabIndex={0}>
      <table className="numbers">
        <caption className="visually-hidden">{label}</caption>
        <thead>
          <tr>
            <th scope="col">{t("chart.time")}</th>
            {series.map((one) => (
              <th scope="col" key={one.label}>
                {one.label} {one.unit !== undefined && one.unit !== "" && `(${one.unit})`}
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

const textOf = (value: number | null | undefined, decimals: number | undefined): string =>
  value === null || value === undefined ? "–" : formatNumber(value, decimals);

/** Puts series on common times (seconds, as uPlot counts). */
export function align(series: readonly ChartSeries[]): uPlot.AlignedData {
  if (series.length === 0) return [[]];
  const tables = series.map(
    (one): uPlot.AlignedData => [one.points.map(([at]) => at / 1000), one.points.map(([, value]) => value)],
  );
  return tables.length === 1 && tables[0] !== undefined ? tables[0] : uPlot.join(tables);
}

/** Puts a gap (null) where two points are further apart than `most` ms. */
export function withGaps(points: readonly (readonly [number, number | null])[], most: number): [number, number | null][] {
  const found: [number, number | null][] = [];
  let before: number | undefined;
  for (const [at, value] of points) {
    if (before !== undefined && at - before > most) found.push([before + most / 2, null]);
    found.push([at, value]);
    before = at;
  }
  return found;
}

function nextIndex(event: KeyboardEvent, cursor: number | null, length: number): number | undefined {
  const step = event.shiftKey ? 10 : 1;
  const at = cursor ?? length;
  const wanted = { ArrowLeft: at - step, ArrowRight: at + step, Home: 0, End: length - 1 }[event.key];
  return wanted === undefined || length === 0 ? undefined : Math.min(Math.max(wanted, 0), length - 1);
}

function showCursor(plot: uPlot | null, index: number): void {
  const at = plot?.data[0][index];
  if (plot === null || at === undefined) return;
  plot.setCursor({ left: plot.valToPos(at, "x"), top: plot.over.clientHeight / 2 }, false);
}

function describe(
  series: readonly ChartSeries[],
  data: uPlot.AlignedData,
  index: number,
  formatAt: (ms: number) => string,
): string | null {
  const at = data[0][index];
  if (at === undefined) return null;
  const values = series.map((one, row) => {
    const text = textOf(data[row + 1]?.[index], one.decimals);
    const measured = one.unit === undefined || one.unit === "" ? text : `${text} ${one.unit}`;
    return series.length > 1 ? `${one.label} ${measured}` : measured;
  });
  return `${formatAt(at * 1000)}  ${values.join(" · ")}`;
}

/** The lowest, mean and highest of each series: what a chart says at a glance. */
function summary(series: readonly ChartSeries[], none: string): string {
  const parts = series.map((one) => {
    let [low, high, sum, count] = [Infinity, -Infinity, 0, 0];
    for (const [, value] of one.points) {
      if (value === null) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
      sum += value;
      count += 1;
    }
    if (count === 0) return `${one.label}: ${none}`;
    const [least, mean, most] = [low, sum / count, high].map((value) => formatNumber(value, one.decimals ?? 1));
    return `${one.label}: ${least ?? ""} – ${most ?? ""} ${one.unit ?? ""} (⌀ ${mean ?? ""})`;
  });
  return parts.join(". ");
}

interface Making {
  width: number;
  height: number;
  series: readonly ChartSeries[];
  marks: readonly { value: number; label: string }[];
  isSmall: boolean;
  style: CSSStyleDeclaration;
  range?: readonly [number, number];
  onZoom?: (from: number, to: number) => void;
  onCursor: (index: number | null) => void;
}

function makeOptions({ width, height, series, marks, isSmall, style, range, onZoom, onCursor }: Making): uPlot.Options {
  const [soft, line] = [style.getPropertyValue("--soft"), style.getPropertyValue("--line")];
  const font = `12px ${style.getPropertyValue("--font")}`;
  const colours = seriesColours();
  const bars = uPlot.paths.bars?.({ size: [0.7, 60] });
  const axis = { stroke: soft, font, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1, size: 5 } };
  const values = series.flatMap((one) => one.points.length);
  const isDense = values.some((count) => count > 400);
  return {
    width,
    height,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), ZONE),
    legend: { show: false },
    cursor: { drag: { x: onZoom !== undefined, y: false, setScale: false }, points: { size: 8 } },
    scales: {
      x: { time: true, ...(range && { range: () => [range[0] / 1000, range[1] / 1000] as uPlot.Range.MinMax }) },
      y: { range: (_, low, high) => rangeOf(low, high, series, marks) },
    },
    axes: [
      { ...axis, space: isSmall ? 70 : 84, values: (_, ticks) => ticks.map((tick, index) => writeTick(tick, ticks[index - 1], ticks)) },
      {
        ...axis,
        size: (_, texts) => Math.max(40, ...(texts as string[] | null ?? []).map((text) => text.length * 8 + 14)),
        space: isSmall ? 28 : 40,
        values: (_, ticks) => ticks.map((tick) => formatNumber(tick)),
      },
    ],
    series: [
      {},
      ...series.map((one, index): uPlot.Series => {
        const colour = colours[index % colours.length] ?? soft;
        const dash = SERIES_DASHES[index % SERIES_DASHES.length];
        return {
          label: one.label,
          stroke: colour,
          width: 2,
          spanGaps: false,
          points: { show: isDense ? false : undefined, size: 5 },
          ...(dash !== undefined && dash.length > 0 && { dash: [...dash] }),
          ...(one.kind === "bars" && bars !== undefined && { paths: bars, fill: `${colour}99`, points: { show: false } }),
        };
      }),
    ],
    hooks: {
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)],
      setSelect: [
        (plot) => {
          if (onZoom === undefined || plot.select.width < 4) return;
          const [start, end] = [plot.posToVal(plot.select.left, "x"), plot.posToVal(plot.select.left + plot.select.width, "x")];
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          onZoom(start * 1000, end * 1000);
        },
      ],
      draw: [(plot) => drawMarks(plot, marks, style)],
    },
  };
}

function rangeOf(
  low: number | null,
  high: number | null,
  series: readonly ChartSeries[],
  marks: readonly { value: number }[],
): uPlot.Range.MinMax {
  if (low === null || high === null) return [0, 1];
  const isFromZero = series.some((one) => one.kind === "bars");
  const lowest = isFromZero ? Math.min(0, low) : low;
  const near = marks.map((mark) => mark.value).filter((value) => value < high * 1.5 && value > low * 0.5);
  const [least, most] = [Math.min(lowest, ...near), Math.max(high, ...near)];
  if (least === most) return [least - (Math.abs(least) || 1) * 0.1, most + (Math.abs(most) || 1) * 0.1];
  const room = (most - least) * 0.08;
  return [isFromZero || (least >= 0 && least - room < 0) ? Math.min(0, least) : least - room, most + room];
}

/** The time of day; at midnight and at the first tick, the day; over years, the month. */
function writeTick(tick: number, before: number | undefined, ticks: readonly number[]): string {
  const ms = tick * 1000;
  const step = ((ticks[1] ?? tick) - (ticks[0] ?? tick)) * 1000;
  if (step >= 27 * DAY) {
    const { year, month } = partsOf(ms);
    return before === undefined || month === 1 ? `${year}/${month}` : String(month);
  }
  if (step >= DAY) return formatDay(ms);
  const { hour, minute } = partsOf(ms);
  const isMidnight = hour === 0 && minute === 0;
  return isMidnight || (before === undefined && step >= HOUR) ? formatDay(ms) : formatClock(ms);
}

function drawMarks(plot: uPlot, marks: readonly { value: number; label: string }[], style: CSSStyleDeclaration): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = style.getPropertyValue("--bad");
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.font = `${11 * devicePixelRatio}px ${style.getPropertyValue("--font")}`;
  for (const mark of marks) {
    const y = plot.valToPos(mark.value, "y", true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.fillText(mark.label, bbox.left + 4 * devicePixelRatio, y - 4 * devicePixelRatio);
  }
  ctx.restore();
}

function toPng(plot: uPlot | null): Promise<Blob | null> {
  if (plot === null) return Promise.resolve(null);
  const source = plot.ctx.canvas;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [source.width, source.height];
  const context = canvas.getContext("2d");
  if (context === null) return Promise.resolve(null);
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--surface");
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, 0);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}
