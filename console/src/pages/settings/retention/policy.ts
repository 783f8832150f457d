/** How long history is kept: presets, and what a policy deletes from when on. */

import type { components } from "../../../api/schema";
import { fromParts, partsOf, startOfDay } from "../../../format/times";
import { shortName } from "../../../format/names";

export type Policy = components["schemas"]["Retention"];

export const YEARS = [1, 3, 5, 10] as const;
export const MOST_DAYS = 36_500;
const YEAR_DAYS = 365.25;

export const daysOfYears = (years: number): number => Math.ceil(years * YEAR_DAYS);

/** Whole years where it is one of the presets. */
export const yearsOfDays = (days: number): number | undefined => YEARS.find((years) => daysOfYears(years) === days || years * 365 === days);

/** The day before which values are deleted now. */
export function deletedBefore(days: number, now: number): number {
  const { year, month, day } = partsOf(startOfDay(now));
  return fromParts(year, month, day - days);
}

/** A number of days that may be set; undefined where it is none. */
export function readDays(text: string): number | undefined {
  const days = Number(text.normalize("NFKC").trim());
  return Number.isInteger(days) && days >= 1 && days <= MOST_DAYS ? days : undefined;
}

export interface Line {
  readonly type: string;
  readonly policy: Policy | undefined;
}

/** Every type there is, and those that only a policy names; by name. */
export function linesOf(types: readonly string[], policies: readonly Policy[]): Line[] {
  const named = new Map(policies.map((policy) => [shortName(policy.type), policy]));
  const all = new Set([...types.map(shortName), ...named.keys()]);
  return [...all].map((type) => ({ type, policy: named.get(type) }));
}
