/** The form of a group's terms, and what the API is asked with. */

import { fromDateInput } from "../../../../format/times";
import { readNumber } from "../../logic/draft";

export interface Terms {
  readonly id: string;
  readonly profile: string;
  readonly prefix: string;
  readonly most: string;
  /** The last day (`2026-12-24`) on which it takes anybody in; "" for ever. */
  readonly until: string;
}

export const NEW_TERMS: Terms = { id: "", profile: "", prefix: "", most: "100", until: "" };
export type TermsFlaw = "id" | "prefix" | "most" | "until";

const MOST = 10_000;
const DAY_MS = 86_400_000;
const plain = (text: string): string => text.normalize("NFKC").trim();

export function flawsOf(terms: Terms, now = Date.now()): TermsFlaw[] {
  const flaws: TermsFlaw[] = [];
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(plain(terms.id))) flaws.push("id");
  if (!/^[A-Za-z0-9_.-]{0,64}$/.test(plain(terms.prefix))) flaws.push("prefix");
  const most = readNumber(terms.most);
  if (most === undefined || !Number.isInteger(most) || most < 1 || most > MOST) flaws.push("most");
  const end = endOf(terms.until);
  if (terms.until !== "" && (end === undefined || end <= now)) flaws.push("until");
  return flaws;
}

/** The moment after the last day, in Japan. */
function endOf(until: string): number | undefined {
  const day = fromDateInput(until);
  return day === undefined ? undefined : day + DAY_MS;
}

export function draftOf(terms: Terms) {
  const end = endOf(terms.until);
  return {
    prefix: plain(terms.prefix),
    maxDevices: readNumber(terms.most) ?? 1,
    ...(terms.profile !== "" && { profile: terms.profile }),
    ...(end !== undefined && { expiresAt: new Date(end).toISOString() }),
  };
}

export const idOf = (terms: Terms): string => plain(terms.id);
