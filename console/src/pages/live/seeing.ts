/** From entities to what the page shows: their value, level, age; which are wanted, in which order. Pure. */

import { type Attribute, type Entity, mainAttribute } from "../../api/entities";
import { formatValue } from "../../format/units";
import { type Theme, themeOf, typeName } from "../../format/names";
import { type Level, parkingStep, riverStep, type Step, stepOf } from "../../format/scales";
import { HOUR } from "../../format/times";
import { rankNames } from "./ranks";

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

/** west, south, east, north */
export type Area = readonly [number, number, number, number];

export interface Wish {
  readonly theme: Theme | "all";
  readonly type: string | undefined;
  readonly metric: string;
  readonly search: string;
  readonly order: "level" | "name" | "newest";
  /** Only what lies within. */
  readonly bounds: Area | undefined;
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
  return inOrder(found, wish.order);
}

function inOrder(found: Seen[], order: Wish["order"]): Seen[] {
  const ranks = rankNames(found.map(({ entity }) => entity.name));
  const byName = (one: Seen, other: Seen): number => (ranks.get(one.entity.name) ?? 0) - (ranks.get(other.entity.name) ?? 0);
  if (order === "name") return found.sort(byName);
  if (order === "newest") return found.sort((one, other) => other.at - one.at || byName(one, other));
  return found.sort((one, other) => (other.level ?? -1) - (one.level ?? -1) || byName(one, other));
}

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

export function isWithin(position: Entity["position"], [west, south, east, north]: Area): boolean {
  return position !== null && position[0] >= west && position[0] <= east && position[1] >= south && position[1] <= north;
}

export function countThemes(entities: Iterable<Entity>): ReadonlyMap<Theme, number> {
  const counts = new Map<Theme, number>();
  for (const entity of entities) {
    const theme = themeOf(entity.types);
    counts.set(theme, (counts.get(theme) ?? 0) + 1);
  }
  return counts;
}

export function countTypes(entities: Iterable<Entity>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { types } of entities) for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

export const isSilent = (at: number, now: number): boolean => at > 0 && now - at > SILENT_MS;
