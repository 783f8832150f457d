/** From entities to what the page shows: their value, level, age; which are wanted, in which order. Pure. */

import { type Attribute, type Entity, mainAttribute } from "../../api/entities";
import { formatValue } from "../../format/units";
import { type Theme, themeOf, typeName } from "../../format/names";
import { type Level, parkingStep, riverStep, scaleOf, type Step, stepOf } from "../../format/scales";
import { HOUR } from "../../format/times";

/** What has told nothing for so long is shown as silent. */
export const SILENT_MS = HOUR;

export interface Seen {
  readonly entity: Entity;
  readonly theme: Theme;
  readonly attribute: string | undefined;
  readonly value: unknown;
  readonly text: string;
  readonly step: Step | undefined;
  readonly level: Level | null;
  readonly at: number;
}

const known = new WeakMap<Entity, Map<string, Seen>>();

/** What is to be seen of an entity: of one attribute, or (`main`) of what stands for it. Undefined where it has none of it. */
export function see(entity: Entity, metric: string): Seen | undefined {
  let byMetric = known.get(entity);
  if (byMetric === undefined) known.set(entity, (byMetric = new Map<string, Seen>()));
  const before = byMetric.get(metric);
  if (before !== undefined) return before;
  const found = metric === "main" ? mainAttribute(entity) : pickAttribute(entity, metric);
  if (found === undefined && metric !== "main") return undefined;
  const seen = found === undefined ? makeNothing(entity) : makeSeen(entity, found[0], found[1]);
  byMetric.set(metric, seen);
  return seen;
}

function pickAttribute(entity: Entity, name: string): [string, Attribute] | undefined {
  const attribute = entity.attributes.get(name);
  return attribute === undefined ? undefined : [name, attribute];
}

function makeSeen(entity: Entity, name: string, attribute: Attribute): Seen {
  const step = stepOfAttribute(entity, name, attribute);
  return {
    entity,
    step,
    theme: themeOf(entity.types),
    attribute: name,
    value: attribute.value,
    text: formatValue(name, attribute.value, attribute.unitCode),
    level: step?.level ?? null,
    at: attribute.at ?? entity.at,
  };
}

function makeNothing(entity: Entity): Seen {
  const none = { attribute: undefined, value: undefined, text: "–", step: undefined, level: null };
  return { entity, theme: themeOf(entity.types), at: entity.at, ...none };
}

/** The step of a value; where a place has limits of its own (a car park, a river), against those. */
export function stepOfAttribute(entity: Entity, name: string, attribute: Attribute): Step | undefined {
  if (typeof attribute.value !== "number") return undefined;
  if (name === "availableSpotNumber") return parkingStep(attribute.value, numberOf(entity, "totalSpotNumber"));
  if (name === "currentLevel") return riverStep(attribute.value, numberOf(entity, "alertLevel"), numberOf(entity, "dangerLevel"));
  return stepOf(name, attribute.value, attribute.unitCode);
}

function numberOf(entity: Entity, name: string): number | undefined {
  const value = entity.attributes.get(name)?.value;
  return typeof value === "number" ? value : undefined;
}

export interface Wish {
  readonly theme: Theme | "all";
  readonly type: string | undefined;
  readonly metric: string;
  readonly search: string;
  readonly order: "level" | "name" | "newest";
  /** Only what lies within, where the map is asked to decide. */
  readonly bounds: readonly [number, number, number, number] | undefined;
}

/** What is wanted, in the wanted order. */
export function choose(entities: Iterable<Entity>, wish: Wish): Seen[] {
  const words = normal(wish.search).split(/\s+/).filter(Boolean);
  const found: Seen[] = [];
  for (const entity of entities) {
    if (wish.type !== undefined && !entity.types.includes(wish.type)) continue;
    const seen = see(entity, wish.metric);
    if (seen === undefined) continue;
    if (wish.theme !== "all" && seen.theme !== wish.theme) continue;
    if (wish.bounds !== undefined && !isWithin(entity.position, wish.bounds)) continue;
    if (words.length > 0 && !words.every((word) => searchText(entity).includes(word))) continue;
    found.push(seen);
  }
  return found.sort(ORDERS[wish.order]);
}

const byName = (one: Seen, other: Seen): number => COLLATOR.compare(one.entity.name, other.entity.name);
const COLLATOR = new Intl.Collator("ja", { numeric: true });
const ORDERS: Readonly<Record<Wish["order"], (one: Seen, other: Seen) => number>> = {
  level: (one, other) => (other.level ?? -1) - (one.level ?? -1) || byName(one, other),
  name: byName,
  newest: (one, other) => other.at - one.at || byName(one, other),
};

const normal = (text: string): string => text.toLowerCase().normalize("NFKC");
const searchTexts = new WeakMap<Entity, string>();

function searchText(entity: Entity): string {
  let text = searchTexts.get(entity);
  if (text === undefined) {
    text = normal(`${entity.name} ${entity.types.map(typeName).join(" ")} ${entity.types.join(" ")} ${entity.id}`);
    searchTexts.set(entity, text);
  }
  return text;
}

function isWithin(position: Entity["position"], [west, south, east, north]: readonly [number, number, number, number]): boolean {
  return position !== null && position[0] >= west && position[0] <= east && position[1] >= south && position[1] <= north;
}

/** Which attributes with a scale are measured by these entities, the most common first: what the map can be coloured by. */
export function metricsOf(entities: Iterable<Entity>): string[] {
  const counts = new Map<string, number>();
  for (const entity of entities) {
    for (const [name, attribute] of entity.attributes) {
      if (typeof attribute.value !== "number" || attribute.at === undefined) continue;
      if (scaleOf(name) === undefined && name !== "availableSpotNumber" && name !== "currentLevel") continue;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return [...counts].sort(([, one], [, other]) => other - one).map(([name]) => name);
}

export function countThemes(entities: Iterable<Entity>): ReadonlyMap<Theme, number> {
  const counts = new Map<Theme, number>();
  for (const entity of entities) {
    const theme = themeOf(entity.types);
    counts.set(theme, (counts.get(theme) ?? 0) + 1);
  }
  return counts;
}

export const isSilent = (at: number, now: number): boolean => at > 0 && now - at > SILENT_MS;
