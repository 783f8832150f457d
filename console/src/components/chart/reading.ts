/** A chart in words: where the cursor is, and what the whole says. */

import type uPlot from "uplot";
import { formatNumber } from "../../format/numbers";
import type { ChartSeries, WriteTime } from "./model";

const FAST = 10;
const PAGES = 10;

/** Where a key moves the reading to: by one value, by ten (Shift), by a tenth of all (Page), to the ends. */
export function nextIndex(key: { key: string; shiftKey: boolean }, cursor: number | null, length: number): number | undefined {
  const step = key.shiftKey ? FAST : 1;
  const page = Math.max(1, Math.round(length / PAGES));
  const at = cursor ?? length;
  const wanted = { ArrowLeft: at - step, ArrowRight: at + step, PageUp: at - page, PageDown: at + page, Home: 0, End: length - 1 }[key.key];
  return wanted === undefined || length === 0 ? undefined : Math.min(Math.max(wanted, 0), length - 1);
}

export const textOf = (value: number | null | undefined, decimals: number | undefined): string =>
  value === null || value === undefined ? "–" : formatNumber(value, decimals);

export const titleOf = ({ label, unit }: ChartSeries): string => (unit === undefined || unit === "" ? label : `${label} (${unit})`);

/** The values at a position; of many curves, those that have one there. */
export function describe(series: readonly ChartSeries[], data: uPlot.AlignedData, index: number, formatAt: WriteTime): string | null {
  const at = data[0][index];
  if (at === undefined) return null;
  const values = series.flatMap((one, row) => {
    const value = data[row + 1]?.[index];
    if (value === undefined && series.length > 1) return [];
    const text = textOf(value, one.decimals);
    const measured = one.unit === undefined || one.unit === "" || text === "–" ? text : `${text} ${one.unit}`;
    return [series.length > 1 ? `${one.label} ${measured}` : measured];
  });
  return `${formatAt(at * 1000)}  ${values.join(" · ")}`;
}

const SUMMED = 12;

/** The lowest, mean and highest of each series: what a chart says at a glance. */
export function summary(series: readonly ChartSeries[], words: { readonly none: string; readonly mean: string }): string {
  const parts = series.slice(0, SUMMED).map((one) => {
    let [low, high, sum, count] = [Infinity, -Infinity, 0, 0];
    for (const [, value] of one.points) {
      if (value === null) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
      sum += value;
      count += 1;
    }
    if (count === 0) return `${one.label}: ${words.none}`;
    const [least, mean, most] = [low, sum / count, high].map((value) => formatNumber(value, one.decimals ?? 1));
    return `${one.label}: ${least ?? ""} – ${most ?? ""} ${one.unit ?? ""} (${words.mean} ${mean ?? ""})`;
  });
  return parts.join(". ") + (series.length > SUMMED ? " …" : "");
}
