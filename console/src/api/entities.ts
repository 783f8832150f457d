/** Entities as the pages read them: concise representation, a page of a thousand at a time. */

import { attributeName, mainAttributes, plainId, rankOf } from "../format/names";
import { type Send, send } from "./client";

export const PAGE = 1000;

export interface Attribute {
  readonly value: unknown;
  readonly unitCode?: string;
  /** ms since 1970; when it was measured, else when it was written. */
  readonly at?: number;
  readonly datasetId?: string;
  /** What else is said of it (quality, accuracy), for those who look closely. */
  readonly about: Readonly<Record<string, unknown>>;
}

export interface Entity {
  readonly id: string;
  readonly types: readonly string[];
  readonly name: string;
  readonly position: readonly [longitude: number, latitude: number] | null;
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** The newest `at` of all. */
  readonly at: number;
}

type Raw = Readonly<Record<string, unknown>> & { readonly id: string; readonly type: string | readonly string[] };

const NO_ATTRIBUTES = new Set(["id", "type", "scope", "@context", "createdAt", "modifiedAt", "deletedAt", "expiresAt"]);
const OWN_MEMBERS = new Set(["type", "value", "object", "languageMap", "vocab", "json", "listValue", "observedAt", "unitCode", "datasetId", "createdAt", "modifiedAt"]);

/** Reads an entity in the concise representation (also as streams send it). */
export function readEntity(raw: Raw): Entity {
  const attributes = new Map<string, Attribute>();
  for (const [name, value] of Object.entries(raw)) {
    if (NO_ATTRIBUTES.has(name)) continue;
    attributes.set(name, readAttribute(value));
  }
  const types = typeof raw.type === "string" ? [raw.type] : raw.type;
  let at = 0;
  for (const attribute of attributes.values()) at = Math.max(at, attribute.at ?? 0);
  return { id: raw.id, types, name: nameOf(raw.id, attributes), position: positionOf(attributes), attributes, at };
}

function readAttribute(raw: unknown): Attribute {
  const one: unknown = Array.isArray(raw) && isMembers(raw[0]) ? raw[0] : raw;
  if (!isMembers(one) || isGeometry(one)) return { value: one, about: {} };
  const members = one;
  const value = members.value ?? members.object ?? members.vocab ?? members.json ?? members.listValue ?? firstText(members.languageMap);
  const when = members.observedAt ?? members.modifiedAt;
  const about = Object.fromEntries(Object.entries(members).filter(([name]) => !OWN_MEMBERS.has(name)));
  return {
    value,
    about,
    ...(typeof members.unitCode === "string" && { unitCode: members.unitCode }),
    ...(typeof when === "string" && { at: Date.parse(when) }),
    ...(typeof members.datasetId === "string" && { datasetId: members.datasetId }),
  };
}

const isMembers = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isGeometry = (members: Record<string, unknown>): boolean => Array.isArray(members.coordinates);

function firstText(map: unknown): unknown {
  if (!isMembers(map)) return undefined;
  return map[document.documentElement.lang] ?? map.ja ?? Object.values(map)[0];
}

function nameOf(id: string, attributes: ReadonlyMap<string, Attribute>): string {
  const name = attributes.get("name")?.value ?? attributes.get("stationName")?.value;
  return typeof name === "string" && name !== "" ? name : plainId(id);
}

function positionOf(attributes: ReadonlyMap<string, Attribute>): Entity["position"] {
  const value = attributes.get("location")?.value;
  if (!isMembers(value) || !Array.isArray(value.coordinates)) return null;
  const [longitude, latitude] = firstPosition(value.coordinates);
  return Number.isFinite(longitude) && Number.isFinite(latitude) ? [longitude as number, latitude as number] : null;
}

/** The first position of any geometry: a point's own, a line's beginning. */
function firstPosition(coordinates: unknown[]): unknown[] {
  let found: unknown = coordinates;
  while (Array.isArray(found) && Array.isArray(found[0])) found = found[0];
  return Array.isArray(found) ? found : [];
}

/** The attributes of an entity in the order in which people want them. */
export function shownAttributes(entity: Entity): [string, Attribute][] {
  return [...entity.attributes]
    .filter(([name]) => !["name", "stationName", "location"].includes(name))
    .sort(([one], [other]) => rankOf(one, entity.types) - rankOf(other, entity.types) || attributeName(one).localeCompare(attributeName(other)));
}

/** What stands for an entity: its main attribute with a number, else the first number that was measured. */
export function mainAttribute(entity: Entity): [string, Attribute] | undefined {
  for (const name of mainAttributes(entity.types)) {
    const attribute = entity.attributes.get(name);
    if (attribute !== undefined && typeof attribute.value !== "object") return [name, attribute];
  }
  return shownAttributes(entity).find(([, attribute]) => typeof attribute.value === "number" && attribute.at !== undefined);
}

export interface EntityQuery {
  readonly types: readonly string[];
  /** Which attributes; all without it. */
  readonly attributes?: readonly string[];
  readonly q?: string;
  readonly limit?: number;
  readonly offset?: number;
}

export interface EntityPage {
  readonly entities: Entity[];
  readonly total: number;
}

/** One page of entities, and how many there are. */
export async function getEntities(query: EntityQuery, signal?: AbortSignal, ask: Send = send): Promise<EntityPage> {
  const parameters = new URLSearchParams({ local: "true", options: "concise", count: "true" });
  parameters.set("type", query.types.join(","));
  parameters.set("limit", String(query.limit ?? PAGE));
  if (query.offset !== undefined && query.offset > 0) parameters.set("offset", String(query.offset));
  if (query.attributes !== undefined) parameters.set("pick", ["id", "type", ...query.attributes].join(","));
  if (query.q !== undefined) parameters.set("q", query.q);
  const response = await ask(`/ngsi-ld/v1/entities?${parameters.toString()}`, signal ? { signal } : {});
  const entities = ((await response.json()) as Raw[]).map(readEntity);
  return { entities, total: Number(response.headers.get("NGSILD-Results-Count") ?? entities.length) };
}

/** One entity with all that is said of it. */
export async function getEntity(id: string, signal?: AbortSignal, ask: Send = send): Promise<Entity> {
  const response = await ask(`/ngsi-ld/v1/entities/${encodeURIComponent(id)}?options=concise,sysAttrs`, signal ? { signal } : {});
  return readEntity((await response.json()) as Raw);
}
