/**
 * The calendar of Japan: UTC+9 all year, without summer time. Arithmetic with a fixed offset is exact here, and
 * thousands of buckets cost no `Intl` call. Times are milliseconds since 1970 (UTC).
 */

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const OFFSET = 9 * HOUR;
const FISCAL_MONTH = 4;

export interface Day {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
}

/** The first moment of a day in Japan; months and days beyond their range carry over, as in `Date`. */
export function startOf({ year, month, day }: Day): number {
  return Date.UTC(year, month - 1, day) - OFFSET;
}

export function dayOf(time: number): Day {
  const date = new Date(time + OFFSET);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** 0 (Monday) to 6. */
export function weekdayOf(time: number): number {
  return (new Date(time + OFFSET).getUTCDay() + 6) % 7;
}

export function startOfDay(time: number): number {
  return Math.floor((time + OFFSET) / DAY) * DAY - OFFSET;
}

/** Milliseconds since midnight in Japan. */
export function timeOfDay(time: number): number {
  return time - startOfDay(time);
}

/** The fiscal year (年度) that a moment lies in: it begins on 1 April and is named after the year it begins in. */
export function fiscalYearOf(time: number): number {
  const { year, month } = dayOf(time);
  return month >= FISCAL_MONTH ? year : year - 1;
}

export function startOfFiscalYear(year: number): number {
  return startOf({ year, month: FISCAL_MONTH, day: 1 });
}

/** The same time of day so many years later; 29 February becomes 28 February where there is none. */
export function addYears(time: number, years: number): number {
  const { year, month, day } = dayOf(time);
  const last = new Date(Date.UTC(year + years, month, 0)).getUTCDate();
  return startOf({ year: year + years, month, day: Math.min(day, last) }) + timeOfDay(time);
}

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;

/** Reads `2026-04-01`; undefined where there is no such day. */
export function parseDay(text: string): number | undefined {
  const found = DATE.exec(text);
  if (!found) return undefined;
  const day = { year: Number(found[1]), month: Number(found[2]), day: Number(found[3]) };
  const start = startOf(day);
  return writeDay(start) === text ? start : undefined;
}

export function writeDay(time: number): string {
  return new Date(time + OFFSET).toISOString().slice(0, 10);
}

/** `2026-04-01T09:00:00+09:00`, with milliseconds only where there are some. */
export function writeTime(time: number): string {
  const text = new Date(time + OFFSET).toISOString();
  return `${text.slice(0, 19)}${time % 1000 === 0 ? "" : text.slice(19, 23)}+09:00`;
}
