/** Times in Japanese time (JST), whatever the zone of the device; ages; fiscal years (年度, from 1 April). */

import { isJapanese, localeOf, pick } from "./language";
import { formatCount } from "./numbers";

export const ZONE = "Asia/Tokyo";
const JST_MS = 9 * 3600_000;
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export type Moment = number | string | Date;

export function toMs(moment: Moment): number {
  return typeof moment === "number" ? moment : new Date(moment).getTime();
}

const formats = new Map<string, Intl.DateTimeFormat>();

function write(moment: Moment, name: string, options: Intl.DateTimeFormatOptions): string {
  const ms = toMs(moment);
  if (!Number.isFinite(ms)) return "–";
  const key = `${localeOf()} ${name}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(localeOf(), { ...options, timeZone: ZONE, hourCycle: "h23" });
    formats.set(key, format);
  }
  return format.format(ms);
}

/** 2026年11月23日 (月) · 23 Nov 2026 */
export const formatDate = (moment: Moment): string =>
  write(moment, "date", { year: "numeric", month: isJapanese() ? "long" : "short", day: "numeric" });

export const formatDay = (moment: Moment): string => write(moment, "day", { month: "numeric", day: "numeric", weekday: "short" });

/** 14:05 */
export const formatClock = (moment: Moment): string => write(moment, "clock", { hour: "2-digit", minute: "2-digit" });

/** 2026/11/23 14:05:09, the same length always: for tables. */
export const formatTime = (moment: Moment): string =>
  write(moment, "time", {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });

/** `2026/11/23 14:05 JST` */
export const formatMoment = (moment: Moment): string =>
  `${write(moment, "moment", { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" })} JST`;

/** How long ago: たったいま, 5秒前, 3分前, 2時間前, 4日前. */
export function formatAge(moment: Moment, now: number = Date.now()): string {
  const seconds = Math.floor((now - toMs(moment)) / SECOND);
  if (!Number.isFinite(seconds)) return "–";
  // Clocks differ a little, and pages look at theirs only now and then
  if (seconds < -60) return pick(["これから", "in the future"]);
  if (seconds < 5) return pick(["たったいま", "just now"]);
  return pick([`${formatDuration(seconds)}前`, `${formatDuration(seconds)} ago`]);
}

/** A length of time in its greatest unit: 45秒, 3分, 2時間, 4日. */
export function formatDuration(seconds: number): string {
  const [amount, unit] = inGreatestUnit(seconds);
  const text = formatCount(amount);
  if (isJapanese()) return `${text}${{ s: "秒", min: "分", h: "時間", d: "日" }[unit]}`;
  return unit === "d" ? `${text} ${amount === 1 ? "day" : "days"}` : `${text} ${unit}`;
}

function inGreatestUnit(seconds: number): [number, "s" | "min" | "h" | "d"] {
  if (seconds < 60) return [Math.max(0, Math.floor(seconds)), "s"];
  if (seconds < 3600) return [Math.floor(seconds / 60), "min"];
  if (seconds < 86_400) return [Math.floor(seconds / 3600), "h"];
  return [Math.floor(seconds / 86_400), "d"];
}

/** The parts of a time by the calendar of Japan. Months are 1 to 12. */
export function partsOf(moment: Moment): { year: number; month: number; day: number; hour: number; minute: number; weekday: number } {
  const there = new Date(toMs(moment) + JST_MS); // Japan has no summer time
  return {
    year: there.getUTCFullYear(),
    month: there.getUTCMonth() + 1,
    day: there.getUTCDate(),
    hour: there.getUTCHours(),
    minute: there.getUTCMinutes(),
    weekday: there.getUTCDay(),
  };
}

/** The time (ms) of a moment of Japan's calendar. Days and months may overflow, as those of Date do. */
export function fromParts(year: number, month: number, day = 1, hour = 0, minute = 0): number {
  return Date.UTC(year, month - 1, day, hour, minute) - JST_MS;
}

export function startOfDay(moment: Moment = Date.now()): number {
  const { year, month, day } = partsOf(moment);
  return fromParts(year, month, day);
}

/** The fiscal year (年度) of a moment: that of the first of April before. */
export function fiscalYearOf(moment: Moment = Date.now()): number {
  const { year, month } = partsOf(moment);
  return month >= 4 ? year : year - 1;
}

/** From the first of April to that of the next year (ms; the end is not included). */
export function fiscalYearRange(year: number): { from: number; to: number } {
  return { from: fromParts(year, 4), to: fromParts(year + 1, 4) };
}

/** 令和8年度 · fiscal 2026 (令和 began in 2019; earlier years stay as they are counted everywhere). */
export function formatFiscalYear(year: number): string {
  if (!isJapanese()) return `fiscal ${year}`;
  if (year < 2019) return `${year}年度`;
  return `令和${year === 2019 ? "元" : year - 2018}年度`;
}

/** The value of an `<input type="date">` and back, in Japan's calendar. */
export function toDateInput(moment: Moment): string {
  const { year, month, day } = partsOf(moment);
  return `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}

export function fromDateInput(text: string): number | undefined {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (found === null) return undefined;
  const ms = fromParts(Number(found[1]), Number(found[2]), Number(found[3]));
  return toDateInput(ms) === text ? ms : undefined;
}
