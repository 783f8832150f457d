/** What the town has opened to everybody. Asked without credentials: who is logged in sees what the others see. */

import { sendAsAnyone } from "../../api/client";
import { type Entity, getEntities } from "../../api/entities";
import type { components } from "../../api/schema";
import { isJapanese } from "../../format/language";
import { mainAttributes, typeName } from "../../format/names";

export type DataSet = components["schemas"]["OpenData"]["dataSets"][number];

/** Attributes of entities that one download of history may be about; the API refuses more. */
const MOST_SERIES = 5_000;
const PAGE = 1_000;
const ALWAYS = ["name", "stationName", "location"];

export async function getOpenData(signal: AbortSignal): Promise<DataSet[]> {
  const answer = (await (await sendAsAnyone("/api/v1/open-data", { signal })).json()) as components["schemas"]["OpenData"];
  return answer.dataSets;
}

export const titleOf = (set: DataSet): string => (isJapanese() ? (set.titleJa ?? set.titleEn) : (set.titleEn ?? set.titleJa)) ?? typeName(set.name);

export const purposeOf = (set: DataSet): string | null => (isJapanese() ? (set.purposeJa ?? set.purposeEn) : (set.purposeEn ?? set.purposeJa)) ?? null;

/** When anything of it changed last, ms. */
export async function getUpdatedAt(set: DataSet, signal: AbortSignal): Promise<number | null> {
  const query = new URLSearchParams({ type: set.name, local: "true", options: "concise,sysAttrs", orderBy: "modifiedAt;desc", limit: "1", pick: "id,type,modifiedAt" });
  const [newest] = (await (await sendAsAnyone(`/ngsi-ld/v1/entities?${query.toString()}`, { signal })).json()) as { modifiedAt?: string }[];
  return newest?.modifiedAt === undefined ? null : Date.parse(newest.modifiedAt);
}

/** The first places of a set, with the values that stand for them. */
export async function getSome(set: DataSet, limit: number, signal: AbortSignal): Promise<Entity[]> {
  const shown = [...ALWAYS, ...mainAttributes(set.name)].filter((name) => set.attributes.includes(name));
  const hasMain = shown.some((name) => !ALWAYS.includes(name));
  const asked = await getEntities({ types: [set.name], limit, ...(hasMain && { attributes: shown }) }, signal, sendAsAnyone);
  return asked.entities;
}

/** All places of a set with all their values; tells how many have come. */
export async function getAll(set: DataSet, onCount: (count: number) => void, signal: AbortSignal): Promise<Entity[]> {
  const found: Entity[] = [];
  for (let total = 1; found.length < total; ) {
    const page = await getEntities({ types: [set.name], limit: PAGE, offset: found.length }, signal, sendAsAnyone);
    found.push(...page.entities);
    onCount(found.length);
    total = page.entities.length === 0 ? 0 : page.total;
  }
  return found;
}

/** Where the history of a set is, by day; undefined where it is too much for one file. */
export function historyPath(set: DataSet, format: "csv" | "xlsx" | "parquet"): string | undefined {
  const fitting = Math.floor(MOST_SERIES / Math.max(1, set.entityCount));
  if (!set.hasHistory || fitting === 0) return undefined;
  const query = new URLSearchParams({ type: set.name, bucket: "day", format, lang: isJapanese() ? "ja" : "en" });
  if (set.attributes.length > fitting) {
    const mains = mainAttributes(set.name).filter((name) => set.attributes.includes(name));
    if (mains.length === 0) return undefined;
    query.set("attributes", mains.slice(0, fitting).join(","));
  }
  return `/api/v1/history?${query.toString()}`;
}

export const requestPath = (set: DataSet): string => `${set.links.entities ?? ""}&options=keyValues&limit=1000`;

/** The smallest count that is shown of an attribute; undefined where all are. */
export function hiddenBelow(set: Pick<DataSet, "hiddenCounts">, attribute: string): number | undefined {
  return set.hiddenCounts?.attributes.includes(attribute) === true ? set.hiddenCounts.below : undefined;
}
