/** Years beside each other: the same span of former years is laid over the present one, on one axis. */

import { addYears, DAY, dayOf } from "./jst";
import { type Span, yearsBefore } from "./period";

/** By date: 1 May lies on 1 May. By weekday: a Monday lies on a Monday (52 weeks before), as traffic needs it. */
export const ALIGNMENTS = ["date", "weekday"] as const;
export type Alignment = (typeof ALIGNMENTS)[number];
export const MAX_YEARS = 5;
const WEEKS_OF_A_YEAR = 52 * 7 * DAY;

export interface Window {
  /** 0 is the span itself, 1 a year before. */
  readonly yearsBefore: number;
  readonly span: Span;
  /** Where a moment of it lies on the common axis, which is that of the span itself; undefined where there is no such day. */
  readonly align: (time: number) => number | undefined;
}

/** The spans to ask for, the newest first. */
export function windowsOf(span: Span, years: number, alignment: Alignment): Window[] {
  const count = Math.min(Math.max(years, 0), MAX_YEARS);
  return Array.from({ length: count + 1 }, (_, before) =>
    alignment === "weekday" ? byWeekday(span, before) : byDate(span, before),
  );
}

function byWeekday(span: Span, before: number): Window {
  const shift = before * WEEKS_OF_A_YEAR;
  return {
    yearsBefore: before,
    span: { from: span.from - shift, to: span.to - shift },
    align: (time) => time + shift,
  };
}

/** 29 February lies nowhere where the year of the axis has none; the table has it all the same. */
function byDate(span: Span, before: number): Window {
  const align = (time: number): number | undefined => {
    if (before === 0) return time;
    const moved = addYears(time, before);
    return dayOf(moved).day === dayOf(time).day ? moved : undefined;
  };
  return { yearsBefore: before, span: yearsBefore(span, before), align };
}
