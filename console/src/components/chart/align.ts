import uPlot from "uplot";
import type { ChartSeries } from "./model";

const WHOLE_GAP = 2; // uPlot's NULL_EXPAND

/** Puts series on common times (seconds, as uPlot counts). A gap goes on over the times at which only others have values. */
export function align(series: readonly ChartSeries[]): uPlot.AlignedData {
  if (series.length === 0) return [[]];
  const tables = series.map(
    (one): uPlot.AlignedData => [one.points.map(([at]) => at / 1000), one.points.map(([, value]) => value)],
  );
  return tables.length === 1 && tables[0] !== undefined ? tables[0] : uPlot.join(tables, tables.map((table) => table.map(() => WHOLE_GAP)));
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
