/** Curves as the chart takes them, each unit in a picture of its own. */

import type { Bucket } from "./bucket";
import type { Window } from "./compare";
import { findGaps, withGaps } from "./gaps";
import type { Series } from "./series";

export interface Panel {
  readonly unit: string;
  readonly attribute: string;
  readonly series: readonly Series[];
}

/** One picture per unit (and attribute, where there is none): two scales in one picture would suggest what is not there. */
export function panelsOf(series: readonly Series[]): Panel[] {
  const panels = new Map<string, { unit: string; attribute: string; series: Series[] }>();
  for (const one of series) {
    const key = one.unit === "" ? `\u0001${one.attribute}` : one.unit;
    const panel = panels.get(key);
    if (panel) panel.series.push(one);
    else panels.set(key, { unit: one.unit, attribute: one.attribute, series: [one] });
  }
  return [...panels.values()];
}

export type Point = readonly [time: number, value: number | null];

/** The points of a curve on the common axis, null in gaps; `factor` makes a share a percentage. */
export function pointsOf(one: Series, windows: readonly Window[], bucket: Bucket, factor = 1): Point[] {
  const cut = withGaps(one.times, one.values, findGaps(one.times, bucket));
  const align = windows[one.yearsBefore]?.align ?? ((time: number) => time);
  const points: Point[] = [];
  cut.times.forEach((time, index) => {
    const moved = align(time);
    const value = cut.values[index] ?? null;
    if (moved !== undefined) points.push([moved, value === null ? null : value * factor]);
  });
  return points;
}
