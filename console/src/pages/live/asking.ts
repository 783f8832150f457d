/**
 * What to ask of the town: for each kind of entity only the attributes that the map and the list show. Everything
 * else of a place is asked for when it is opened. Pure, but for the question which kinds there are.
 */

import { type Send } from "../../api/client";
import { mainAttributes, type Theme, themeOf } from "../../format/names";
import { scaleOf } from "../../format/scales";

export interface Kind {
  readonly type: string;
  /** Names of all attributes that entities of it have. */
  readonly attributes: readonly string[];
}

/** One kind with the attributes to ask for; all without them. */
export interface Ask {
  readonly type: string;
  readonly attributes?: readonly string[];
}

interface TypeDetail {
  readonly id: string;
  readonly typeName?: string;
  readonly attributeNames?: readonly string[];
}

/** Devices themselves are on their own page; what they measure is here. */
const LEFT_OUT = new Set(["Device"]);
const ALWAYS = ["name", "stationName", "location"] as const;
/** What a value is judged by, where a place has limits of its own (seeing.ts). */
const LIMITS: Readonly<Record<string, readonly string[]>> = {
  availableSpotNumber: ["totalSpotNumber"],
  currentLevel: ["alertLevel", "dangerLevel"],
};

export async function getKinds(ask: Send, signal: AbortSignal): Promise<Kind[]> {
  const found = (await (await ask("/ngsi-ld/v1/types?local=true&details=true", { signal })).json()) as TypeDetail[];
  return found
    .map(({ id, typeName, attributeNames }) => ({ type: typeName ?? id, attributes: attributeNames ?? [] }))
    .filter(({ type }) => !LEFT_OUT.has(type));
}

const withLimits = (name: string): readonly string[] => [name, ...(LIMITS[name] ?? [])];

/** What stands for entities of a kind, the best first; empty where we do not know it. */
const mainsOf = (kind: Kind): string[] => mainAttributes(kind.type).filter((name) => kind.attributes.includes(name));

/** What to ask first: what stands for each, and what the map is to be coloured by. */
export function asksOf(kinds: readonly Kind[], metric: string): Ask[] {
  return kinds.map((kind) => {
    const [main] = mainsOf(kind);
    if (main === undefined) return { type: kind.type };
    const wanted = new Set([...ALWAYS, ...withLimits(main), ...(metric === "main" ? [] : withLimits(metric))]);
    return { type: kind.type, attributes: [...wanted].filter((name) => kind.attributes.includes(name)) };
  });
}

/** What to ask for the few that have not the first of what stands for their kind: the others, of those without it. */
export function askForTheRest(kind: Kind): { missing: string; q: string; attributes: string[] } | undefined {
  const [main, ...others] = mainsOf(kind);
  if (main === undefined || others.length === 0) return undefined;
  const wanted = new Set([...ALWAYS, ...others.flatMap(withLimits)]);
  return { missing: main, q: `!${main}`, attributes: [...wanted].filter((name) => kind.attributes.includes(name)) };
}

/** Which attributes changes are told with; undefined (all) where there is a kind that we know nothing of. */
export function followedAttributes(kinds: readonly Kind[], metric: string): string[] | undefined {
  const wanted = new Set<string>(metric === "main" ? ALWAYS : [...ALWAYS, ...withLimits(metric)]);
  for (const kind of kinds) {
    const mains = mainsOf(kind);
    if (mains.length === 0) return undefined;
    for (const name of mains.flatMap(withLimits)) wanted.add(name);
  }
  return [...wanted].filter((name) => kinds.some((kind) => kind.attributes.includes(name)));
}

/** What the map can be coloured by: attributes with a scale, those of many places first. */
export function metricsOf(kinds: readonly Kind[], counts: ReadonlyMap<string, number>, theme: Theme | "all"): string[] {
  const found = new Map<string, number>();
  for (const kind of kinds) {
    const count = counts.get(kind.type) ?? 0;
    if (count === 0 || (theme !== "all" && themeOf(kind.type) !== theme)) continue;
    for (const name of kind.attributes) {
      if (scaleOf(name) === undefined && LIMITS[name] === undefined) continue;
      found.set(name, (found.get(name) ?? 0) + count);
    }
  }
  return [...found].sort(([, one], [, other]) => other - one).map(([name]) => name);
}
