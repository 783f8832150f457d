/** Names of curves and periods, as people say them. */

import type { TFunction } from "i18next";
import { isJapanese } from "../../format/language";
import { attributeName, plainId } from "../../format/names";
import { DAY, formatClock, formatDate, formatDay, formatFiscalYear, formatTime } from "../../format/times";
import type { Bucket } from "./logic/bucket";
import { dayOf, fiscalYearOf, HOUR } from "./logic/jst";
import { type Period, type Span, daysOf, isWholeDays, spanOf } from "./logic/period";
import type { Series } from "./logic/series";

type Words = TFunction<"history">;

/** What tells a curve apart from the others of the figure, and no more. */
export function nameOf(one: Series, all: readonly Series[], span: Span, t: Words): string {
  const parts = [placeName(one.entityName, one.entityId)];
  if (differs(all, (each) => each.attribute)) parts.push(attributeName(one.attribute));
  if (one.datasetId !== "") parts.push(one.datasetId);
  if (one.method !== undefined && differs(all, (each) => each.method)) parts.push(t(`method.${one.method}`));
  if (differs(all, (each) => each.yearsBefore)) parts.push(yearName(one.yearsBefore, span));
  return parts.join(isJapanese() ? "・" : " · ");
}

const differs = (all: readonly Series[], what: (one: Series) => unknown) => new Set(all.map(what)).size > 1;

export function placeName(name: string, id: string): string {
  return name === "" ? plainId(id) : name;
}

/** 令和7年度 for a whole fiscal year, else 2025年. */
export function yearName(before: number, span: Span): string {
  if (isFiscalYear(span)) return formatFiscalYear(fiscalYearOf(span.from) - before);
  const year = dayOf(span.from).year - before;
  return isJapanese() ? `${year}年` : String(year);
}

function isFiscalYear(span: Span): boolean {
  const year = fiscalYearOf(span.from);
  const whole = spanOf({ kind: "fiscal", year }, 0);
  return whole.from === span.from && whole.to === span.to;
}

export function periodName(period: Period, span: Span): string {
  if (period.kind === "fiscal") return formatFiscalYear(period.year);
  if (!isWholeDays(span)) return `${formatTime(span.from)} – ${formatTime(span.to)}`;
  const { first, last } = daysOf(span);
  return first === last ? formatDate(span.from) : `${formatDate(span.from)} – ${formatDate(span.to - 1)}`;
}

/** A time of the table and the cursor, as fine as its bucket. */
export function timeWriter(bucket: Bucket): (time: number) => string {
  switch (bucket) {
    case "none":
      return formatTime;
    case "PT10M":
    case "hour":
      return (time) => `${formatDate(time)} ${formatClock(time)}`;
    case "month":
      return (time) => monthName(time);
    case "fiscal-year":
      return (time) => formatFiscalYear(fiscalYearOf(time));
    default:
      return (time) => `${formatDate(time)} ${weekday(time)}`;
  }
}

export function monthName(time: number): string {
  const { year, month } = dayOf(time);
  return isJapanese() ? `${year}年${month}月` : `${year}-${String(month).padStart(2, "0")}`;
}

/** The weekday that formatDay ends or begins with, in brackets. */
function weekday(time: number): string {
  const name = new Intl.DateTimeFormat(isJapanese() ? "ja-JP" : "en-GB", { weekday: "short", timeZone: "Asia/Tokyo" }).format(time);
  return isJapanese() ? `（${name}）` : `(${name})`;
}

/** A gap for people: the days, or where it is short the times. */
export function gapName(from: number, to: number): string {
  if (to - from >= 2 * DAY) return `${formatDay(from)} – ${formatDay(to)}`;
  return `${formatDay(from)} ${formatClock(from)} – ${to - from > 12 * HOUR ? `${formatDay(to)} ` : ""}${formatClock(to)}`;
}
