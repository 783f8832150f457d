/** What there is to ask for: kinds of entities, and which numbers are measured of them. */

import { useQuery } from "@tanstack/react-query";
import { type Entity, getEntities, getEntity } from "../../api/entities";
import { getTypes } from "../../api/types";
import { rankOf } from "../../format/names";

const SAMPLES = 30;
const FRESH_MS = 5 * 60_000;
const NOT_MEASURED = new Set(["Device", "Alert"]);

export const useTypes = () =>
  useQuery({
    queryKey: ["history", "types"],
    queryFn: async () => (await getTypes()).filter((type) => !NOT_MEASURED.has(type)),
    staleTime: FRESH_MS,
  });

export interface Measured {
  /** Names of attributes with numbers, those that stand for the kind first. */
  readonly attributes: readonly string[];
  readonly usual: string | undefined;
}

/** The measured numbers of some kinds, or of some places. */
export function useMeasured(types: readonly string[], ids: readonly string[]) {
  return useQuery({
    queryKey: ["history", "measured", types, types.length > 0 ? [] : ids],
    queryFn: async ({ signal }): Promise<Measured> => {
      const entities = types.length > 0 ? await ofTypes(types, signal) : await ofPlaces(ids, signal);
      const attributes = measuredOf(entities);
      return { attributes, usual: attributes[0] };
    },
    staleTime: FRESH_MS,
  });
}

async function ofTypes(types: readonly string[], signal: AbortSignal): Promise<Entity[]> {
  const pages = await Promise.all(types.map((type) => getEntities({ types: [type], limit: SAMPLES }, signal)));
  return pages.flatMap((page) => page.entities);
}

/** Places that are gone have a history all the same; what they measured is taken from those that are there. */
async function ofPlaces(ids: readonly string[], signal: AbortSignal): Promise<Entity[]> {
  const found = await Promise.allSettled(ids.slice(0, SAMPLES).map((id) => getEntity(id, signal)));
  return found.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
}

/** Numbers with a time, in the order in which people want them. */
export function measuredOf(entities: readonly Entity[]): string[] {
  const ranks = new Map<string, number>();
  for (const entity of entities) {
    for (const [name, attribute] of entity.attributes) {
      if (typeof attribute.value !== "number" || attribute.at === undefined) continue;
      ranks.set(name, Math.min(ranks.get(name) ?? Infinity, rankOf(name, entity.types)));
    }
  }
  return [...ranks].sort(([one, first], [other, second]) => first - second || one.localeCompare(other)).map(([name]) => name);
}
