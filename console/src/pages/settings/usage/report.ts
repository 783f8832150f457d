/** What a report of usage is asked for, and its sums: by day, by organisation and type, against the day's quota. */

import type { components } from "../../../api/schema";
import { DAY, fiscalYearOf, fiscalYearRange, fromDateInput, fromParts, partsOf, startOfDay, toDateInput } from "../../../format/times";

export type Row = components["schemas"]["UsageReport"]["rows"][number];
export type Limits = components["schemas"]["LimitList"];

export const MEASURES = ["requests", "entities", "written", "notifications", "exportRows", "streamEvents", "bytes", "refused"] as const;
export type Measure = (typeof MEASURES)[number];

export const PERIODS = ["month", "lastMonth", "fiscal", "lastFiscal"] as const;
export type PeriodName = (typeof PERIODS)[number];

export interface Period {
  /** Days of Japan (2026-11-01); `until` is not included. */
  readonly from: string;
  readonly until: string;
}

export function periodOf(name: PeriodName, now: number): Period {
  const { year, month } = partsOf(now);
  const tomorrow = startOfDay(now) + DAY;
  const fiscal = fiscalYearRange(fiscalYearOf(now) - (name === "lastFiscal" ? 1 : 0));
  const [from, until] = {
    month: [fromParts(year, month), tomorrow],
    lastMonth: [fromParts(year, month - 1), fromParts(year, month)],
    fiscal: [fiscal.from, tomorrow],
    lastFiscal: [fiscal.from, fiscal.to],
  }[name] as [number, number];
  return { from: toDateInput(from), until: toDateInput(until) };
}

/** A value of each day of the period, days without use as 0. */
export function byDay(rows: readonly Row[], measure: Measure, { from, until }: Period): [number, number][] {
  const sums = new Map<string, number>();
  for (const row of rows) sums.set(row.day, (sums.get(row.day) ?? 0) + row[measure]);
  const found: [number, number][] = [];
  const end = fromDateInput(until) ?? 0;
  for (let at = fromDateInput(from) ?? end; at < end; at += DAY) found.push([at, sums.get(toDateInput(at)) ?? 0]);
  return found;
}

export interface Used extends Readonly<Record<Measure, number>> {
  readonly key: string;
  readonly organisation: string | null;
  readonly caller: string;
  readonly type: string | null;
}

/** One line per organisation, role and type, the most requests first. */
export function byCaller(rows: readonly Row[]): Used[] {
  const found = new Map<string, Record<Measure, number> & Used>();
  for (const row of rows) {
    const key = JSON.stringify([row.organisation, row.caller, row.type]);
    let sum = found.get(key);
    if (sum === undefined) {
      const none = Object.fromEntries(MEASURES.map((name) => [name, 0])) as Record<Measure, number>;
      sum = { ...none, key, organisation: row.organisation ?? null, caller: row.caller, type: row.type ?? null };
      found.set(key, sum);
    }
    for (const name of MEASURES) sum[name] += row[name];
  }
  return [...found.values()].sort((one, other) => other.requests - one.requests);
}

export function totalsOf(rows: readonly Row[]): Record<Measure, number> {
  return Object.fromEntries(MEASURES.map((name) => [name, rows.reduce((sum, row) => sum + row[name], 0)])) as Record<Measure, number>;
}

export interface Quota {
  readonly organisation: string;
  readonly used: number;
  readonly limit: number;
}

const LIMITED = new Set(["partner", "operator", "service"]);

/** Entities written today against the day's quota, of organisations that have one; the fullest first. */
export function quotasOf(rows: readonly Row[], limits: Limits, organisations: readonly { number?: number; name: string }[]): Quota[] {
  const set = new Map(limits.limits.filter(({ name }) => name === "entities-per-day").map(({ subject, value }) => [subject, value]));
  const general = limits.defaults["entities-per-day"]?.value;
  return organisations
    .flatMap(({ number, name }) => {
      const own = rows.filter((row) => row.organisation === name && LIMITED.has(row.caller));
      const limit = set.get(`organisation:${number ?? 0}`) ?? (own.length > 0 ? general : undefined);
      return limit === undefined ? [] : [{ organisation: name, limit, used: own.reduce((sum, row) => sum + row.written, 0) }];
    })
    .sort((one, other) => shareOf(other) - shareOf(one));
}

export const shareOf = ({ used, limit }: Quota): number => (limit > 0 ? used / limit : 1);
