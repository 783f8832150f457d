/** How values are gathered: every value as it was recorded, or one figure per bucket of time, in the calendar of Japan. */

import { DAY, dayOf, HOUR, MINUTE, startOf, startOfDay, startOfFiscalYear, fiscalYearOf, timeOfDay, weekdayOf } from "./jst";
import type { Span } from "./period";

export const BUCKETS = ["none", "PT10M", "hour", "day", "week", "month", "fiscal-year"] as const;
export type Bucket = (typeof BUCKETS)[number];
export const METHODS = ["avg", "max", "min", "sum", "count", "stddev", "first", "last"] as const;
export type Method = (typeof METHODS)[number];

/** As NGSI-LD's aggrPeriodDuration; a fiscal year is Machi's own word there too. */
export const DURATIONS: Readonly<Record<Exclude<Bucket, "none">, string>> = {
  PT10M: "PT10M",
  hour: "PT1H",
  day: "P1D",
  week: "P1W",
  month: "P1M",
  "fiscal-year": "fiscalYear",
};

const LENGTHS: Readonly<Record<Exclude<Bucket, "none">, number>> = {
  PT10M: 10 * MINUTE,
  hour: HOUR,
  day: DAY,
  week: 7 * DAY,
  month: 31 * DAY,
  "fiscal-year": 366 * DAY,
};

/** More than a curve can show, and more than a browser should hold. */
export const MAX_POINTS = 300_000;
/** A screen shows more, but several curves of more points lie on each other. */
const POINTS_PER_SERIES = 400;

/** What shows a span best: up to a day and a half every value, then the finest buckets that can be told apart. */
export function chooseBucket(span: Span): Bucket {
  const length = span.to - span.from;
  if (length <= 1.5 * DAY) return "none";
  const fitting = BUCKETS.find((one) => one !== "none" && length / LENGTHS[one] <= POINTS_PER_SERIES);
  return fitting ?? "fiscal-year";
}

/** The bucket that a moment lies in begins here. */
export function bucketStart(bucket: Exclude<Bucket, "none">, time: number): number {
  switch (bucket) {
    case "PT10M":
    case "hour":
      return time - (timeOfDay(time) % LENGTHS[bucket]);
    case "day":
      return startOfDay(time);
    case "week":
      return startOfDay(time) - weekdayOf(time) * DAY;
    case "month":
      return startOf({ ...dayOf(time), day: 1 });
    case "fiscal-year":
      return startOfFiscalYear(fiscalYearOf(time));
  }
}

/** The bucket after the one that begins at `start` begins here. */
export function nextBucket(bucket: Exclude<Bucket, "none">, start: number): number {
  switch (bucket) {
    case "month": {
      const day = dayOf(start);
      return startOf({ ...day, month: day.month + 1 });
    }
    case "fiscal-year":
      return startOfFiscalYear(fiscalYearOf(start) + 1);
    default:
      return start + LENGTHS[bucket];
  }
}
