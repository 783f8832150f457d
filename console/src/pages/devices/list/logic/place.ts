/** What the address of the list says: which state, which order, which page. */

import type { DeviceState } from "../asking";

export const STATES: readonly DeviceState[] = ["active", "silent", "faulty", "provisioned", "retired"];
export const SORTS = ["name", "id", "owner", "profile", "state", "lastSeen"] as const;
export type SortKey = (typeof SORTS)[number];
/** With - the other way round, as the API has it. */
export type Sort = SortKey | `-${SortKey}`;

export interface Place {
  readonly state: DeviceState | undefined;
  readonly sort: Sort;
  /** From 1. */
  readonly page: number;
}

const MOST_PAGES = 10_000;

export function readPlace(search: URLSearchParams): Place {
  const state = STATES.find((one) => one === search.get("state"));
  const page = Number(search.get("page") ?? "1");
  return { state, sort: readSort(search.get("sort")), page: Number.isInteger(page) && page >= 1 && page <= MOST_PAGES ? page : 1 };
}

function readSort(text: string | null): Sort {
  const key = SORTS.find((one) => one === text?.replace(/^-/, ""));
  if (key === undefined) return "name";
  return text?.startsWith("-") === true ? `-${key}` : key;
}
