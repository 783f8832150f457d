/** Where nothing was recorded, a curve is interrupted: it neither falls to zero nor runs straight across. */

import { type Bucket, bucketStart, nextBucket } from "./bucket";

const SILENT_INTERVALS = 3;
const MIN_POINTS = 4;

export interface Gap {
  /** The last value before it. */
  readonly from: number;
  /** The first value after it. */
  readonly to: number;
}

/** Finds the gaps of a series: buckets that are missing, or (for single values) silence of more than three usual intervals. */
export function findGaps(times: ArrayLike<number>, bucket: Bucket): Gap[] {
  const isGap = bucket === "none" ? silence(times) : missing(bucket);
  const gaps: Gap[] = [];
  for (let index = 1; index < times.length; index++) {
    const [from, to] = [times[index - 1] ?? 0, times[index] ?? 0];
    if (isGap(from, to)) gaps.push({ from, to });
  }
  return gaps;
}

/**
 * Where the records begin later than the span, or end before it does; the present is the end of a span that goes on.
 * Of single values: what is missing at an edge is more than three usual intervals.
 */
export function findEdges(times: ArrayLike<number>, bucket: Bucket, from: number, to: number): Gap[] {
  const [first, last] = [times[0], times[times.length - 1]];
  if (first === undefined || last === undefined) return [{ from, to }];
  const edges: Gap[] = [];
  const isGap = bucket === "none" ? silence(times) : missing(bucket);
  // The bucket before the span is as far away as the last value of a span without gaps
  const before = bucket === "none" ? from : bucketStart(bucket, from) - 1;
  const after = bucket === "none" ? to : bucketStart(bucket, to - 1);
  if (isGap(before, first)) edges.push({ from, to: first });
  if (isGap(last, after)) edges.push({ from: last, to });
  return edges;
}

function missing(bucket: Exclude<Bucket, "none">): (from: number, to: number) => boolean {
  return (from, to) => nextBucket(bucket, bucketStart(bucket, from)) < bucketStart(bucket, to);
}

/** The usual interval is the median; of three values and fewer nothing can be said. */
function silence(times: ArrayLike<number>): (from: number, to: number) => boolean {
  if (times.length < MIN_POINTS) return () => false;
  const intervals = new Float64Array(times.length - 1);
  for (let index = 1; index < times.length; index++) intervals[index - 1] = (times[index] ?? 0) - (times[index - 1] ?? 0);
  intervals.sort();
  const usual = intervals[intervals.length >> 1] ?? 0;
  return (from, to) => to - from > SILENT_INTERVALS * Math.max(usual, 1);
}

/** The values with a null in each gap, which a chart draws as an interruption. */
export function withGaps(
  times: ArrayLike<number>,
  values: ArrayLike<number>,
  gaps: readonly Gap[],
): { readonly times: number[]; readonly values: (number | null)[] } {
  const cut = new Set(gaps.map((gap) => gap.to));
  const kept: { times: number[]; values: (number | null)[] } = { times: [], values: [] };
  for (let index = 0; index < times.length; index++) {
    const time = times[index] ?? 0;
    if (cut.has(time)) {
      kept.times.push(((times[index - 1] ?? time) + time) / 2);
      kept.values.push(null);
    }
    kept.times.push(time);
    kept.values.push(values[index] ?? null);
  }
  return kept;
}
