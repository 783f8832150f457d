/** What can be watched of some kinds of entities: names, and what kind of value stands there now. */

import { useQuery } from "@tanstack/react-query";
import { type Entity, getEntities } from "../../api/entities";
import { getTypes } from "../../api/types";
import { rankOf } from "../../format/names";

const SAMPLES = 30;
const FRESH_MS = 5 * 60_000;
const PLACES = 1_000;
const STILL = new Set(["location", "name", "refDevice", "dataProvider", "source", "owner", "address", "description"]);

export interface Watchable {
  readonly name: string;
  readonly kind: "number" | "text" | "boolean";
  readonly unitCode?: string;
}

export const useTypes = () => useQuery({ queryKey: ["subscriptions", "types"], queryFn: () => getTypes(), staleTime: FRESH_MS });

export function useWatchable(types: readonly string[]) {
  return useQuery({
    queryKey: ["subscriptions", "watchable", types],
    queryFn: async ({ signal }) => {
      const pages = await Promise.all(types.map((type) => getEntities({ types: [type], limit: SAMPLES }, signal)));
      return watchableOf(pages.flatMap((page) => page.entities));
    },
    enabled: types.length > 0,
    staleTime: FRESH_MS,
  });
}

/** What changes first, then what is named; numbers, words, and yes or no. */
export function watchableOf(entities: readonly Entity[]): Watchable[] {
  const found = new Map<string, Watchable & { rank: number }>();
  for (const entity of entities) {
    for (const [name, { value, unitCode }] of entity.attributes) {
      const kind = kindOf(value);
      if (kind === undefined || found.has(name)) continue;
      const rank = rankOf(name, entity.types) + (STILL.has(name) ? 500 : 0);
      found.set(name, { name, kind, rank, ...(unitCode !== undefined && { unitCode }) });
    }
  }
  return [...found.values()].sort((one, other) => one.rank - other.rank || one.name.localeCompare(other.name));
}

function kindOf(value: unknown): Watchable["kind"] | undefined {
  if (typeof value === "number") return "number";
  if (typeof value === "boolean") return "boolean";
  return typeof value === "string" ? "text" : undefined;
}

/** Places with a position, for the map. */
export function usePlaces(types: readonly string[]) {
  return useQuery({
    queryKey: ["subscriptions", "places", types],
    queryFn: async ({ signal }) => {
      const page = await getEntities({ types, attributes: ["name", "location"], limit: PLACES }, signal);
      return page.entities.filter((one) => one.position !== null);
    },
    enabled: types.length > 0,
    staleTime: FRESH_MS,
  });
}
