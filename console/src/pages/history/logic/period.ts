/** Which span of time is looked at. Written in the address as `today`, `7d`, `month:2026-10`, `fy:2026` or `2026-04-01..2026-05-31`. */

import { addYears, DAY, dayOf, fiscalYearOf, parseDay, startOf, startOfDay, startOfFiscalYear, writeDay, writeTime } from "./jst";

export type Period =
  | { readonly kind: "today" }
  | { readonly kind: "days"; readonly count: number }
  | { readonly kind: "month"; readonly year: number; readonly month: number }
  | { readonly kind: "fiscal"; readonly year: number }
  /** Both days belong to it. */
  | { readonly kind: "custom"; readonly first: string; readonly last: string }
  /** Times as they are, as a link to a figure has them. */
  | { readonly kind: "exact"; readonly from: number; readonly to: number };

/** From `from` on, up to and without `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const MAX_DAYS = 3660;
const YEARS = { first: 1900, last: 2200 };

export function writePeriod(period: Period): string {
  switch (period.kind) {
    case "today":
      return "today";
    case "days":
      return `${period.count}d`;
    case "month":
      return `month:${period.year}-${String(period.month).padStart(2, "0")}`;
    case "fiscal":
      return `fy:${period.year}`;
    case "custom":
      return `${period.first}..${period.last}`;
    case "exact":
      return `${writeTime(period.from)}..${writeTime(period.to)}`;
  }
}

/** Reads what `writePeriod` wrote; undefined for anything else. */
export function parsePeriod(text: string): Period | undefined {
  if (text === "today") return { kind: "today" };
  const days = /^(\d{1,4})d$/.exec(text);
  if (days) return readDays(Number(days[1]));
  const month = /^month:(\d{4})-(\d\d)$/.exec(text);
  if (month) return readMonth(Number(month[1]), Number(month[2]));
  const fiscal = /^fy:(\d{4})$/.exec(text);
  if (fiscal) return isYear(Number(fiscal[1])) ? { kind: "fiscal", year: Number(fiscal[1]) } : undefined;
  const [first, last, ...more] = text.split("..");
  return first !== undefined && last !== undefined && more.length === 0 ? readSpan(first, last) : undefined;
}

const isYear = (year: number) => year >= YEARS.first && year <= YEARS.last;

function readDays(count: number): Period | undefined {
  return count >= 1 && count <= MAX_DAYS ? { kind: "days", count } : undefined;
}

function readMonth(year: number, month: number): Period | undefined {
  return isYear(year) && month >= 1 && month <= 12 ? { kind: "month", year, month } : undefined;
}

function readSpan(first: string, last: string): Period | undefined {
  const days = [parseDay(first), parseDay(last)];
  if (days[0] !== undefined && days[1] !== undefined) {
    return days[0] <= days[1] ? { kind: "custom", first, last } : undefined;
  }
  const [from, to] = [first, last].map((text) => (/T.*(?:Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : NaN));
  return from !== undefined && to !== undefined && from < to ? { kind: "exact", from, to } : undefined;
}

/** The span of a period, seen at the time `now`. Days are those of Japan; the present day and year go on to their end. */
export function spanOf(period: Period, now: number): Span {
  const tomorrow = startOfDay(now) + DAY;
  switch (period.kind) {
    case "today":
      return { from: startOfDay(now), to: tomorrow };
    case "days":
      return { from: tomorrow - period.count * DAY, to: tomorrow };
    case "month":
      return {
        from: startOf({ year: period.year, month: period.month, day: 1 }),
        to: startOf({ year: period.year, month: period.month + 1, day: 1 }),
      };
    case "fiscal":
      return { from: startOfFiscalYear(period.year), to: startOfFiscalYear(period.year + 1) };
    case "custom":
      return { from: parseDay(period.first) ?? now, to: (parseDay(period.last) ?? now) + DAY };
    case "exact":
      return { from: period.from, to: period.to };
  }
}

/** The month before the present one. */
export function lastMonth(now: number): Period {
  const { year, month } = dayOf(now);
  return month === 1 ? { kind: "month", year: year - 1, month: 12 } : { kind: "month", year, month: month - 1 };
}

/** The present fiscal year. */
export function thisFiscalYear(now: number): Period {
  return { kind: "fiscal", year: fiscalYearOf(now) };
}

/** Whether the span consists of whole days of Japan, so that it can be written with two days. */
export function isWholeDays({ from, to }: Span): boolean {
  return startOfDay(from) === from && startOfDay(to) === to;
}

/** The first and last day of a span, as people name it. */
export function daysOf({ from, to }: Span): { readonly first: string; readonly last: string } {
  return { first: writeDay(from), last: writeDay(to - 1) };
}

/** The same span so many years before: whole months and years stay whole. */
export function yearsBefore({ from, to }: Span, years: number): Span {
  return { from: addYears(from, -years), to: addYears(to, -years) };
}
