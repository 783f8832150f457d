/** The past of one attribute, from the temporal API: raw where that is little, else means. */

import { send } from "./client";

const RAW_MOST_MS = 86_400_000;
const MOST_POINTS = 5_000;
const GAP_FACTOR = 5;
const AGGREGATE_PERIOD = "PT1H";

type Pair = [value: unknown, at: string, end?: string];
type Answer = Readonly<Record<string, unknown>>;

type Points = [number, number | null][];

/**
 * [ms, value] in order of time, with null where nothing came for much longer than usual. Of sensors without a clock,
 * whose values carry no observedAt, by when they arrived.
 */
export async function getSeries(id: string, attribute: string, from: number, span: number, signal: AbortSignal): Promise<Points> {
  const observed = await getBy(undefined, id, attribute, from, span, signal);
  return observed.length > 0 ? observed : getBy("modifiedAt", id, attribute, from, span, signal);
}

async function getBy(
  timeproperty: "modifiedAt" | undefined,
  id: string,
  attribute: string,
  from: number,
  span: number,
  signal: AbortSignal,
): Promise<Points> {
  const query = new URLSearchParams({ attrs: attribute, timerel: "after", timeAt: new Date(from).toISOString() });
  if (timeproperty !== undefined) query.set("timeproperty", timeproperty);
  const isRaw = span <= RAW_MOST_MS;
  if (isRaw) {
    query.set("format", "temporalValues");
    query.set("lastN", String(MOST_POINTS));
  } else {
    query.set("format", "aggregatedValues");
    query.set("aggrMethods", "avg");
    query.set("aggrPeriodDuration", AGGREGATE_PERIOD);
    query.set("timezone", "Asia/Tokyo");
  }
  const response = await send(`/ngsi-ld/v1/temporal/entities/${encodeURIComponent(id)}?${query.toString()}`, { signal });
  return readSeries(((await response.json()) as Answer)[attribute], isRaw ? "values" : "avg");
}

/** Reads temporalValues and aggregatedValues of one attribute. */
export function readSeries(answered: unknown, member: "values" | "avg"): Points {
  const instances = (Array.isArray(answered) ? answered : [answered]) as (Record<string, unknown> | undefined)[];
  const pairs = instances.flatMap((instance) => (instance?.[member] ?? []) as Pair[]);
  const points = pairs.flatMap(([value, at]): [number, number][] => (typeof value === "number" ? [[Date.parse(at), value]] : []));
  points.sort(([one], [other]) => one - other);
  return showGaps(points);
}

/** A pause five times as long as the usual one is a gap, not a straight line. */
export function showGaps(points: readonly [number, number][]): Points {
  const steps = points.slice(1).map(([at], index) => at - (points[index]?.[0] ?? at));
  const usual = [...steps].sort((one, other) => one - other)[Math.floor(steps.length / 2)] ?? Infinity;
  return points.flatMap(([at, value], index): [number, number | null][] => {
    const before = points[index - 1]?.[0];
    const isAfterGap = before !== undefined && at - before > usual * GAP_FACTOR;
    return isAfterGap ? [[before + usual, null], [at, value]] : [[at, value]];
  });
}
