/** Which entities there are: ids, kinds, names and nothing else, to choose from. */

import { useQuery } from "@tanstack/react-query";
import { type Entity, getEntities, PAGE } from "./entities";
import { getTypes } from "./types";

export interface Listed {
  readonly id: string;
  readonly types: readonly string[];
  readonly name: string;
}

const AT_ONCE = 3;
const MOST = 20_000;
const FRESH_MS = 5 * 60_000;

/** All entities but devices (what they measure is what there is to choose), ordered by name. */
export async function getDirectory(signal: AbortSignal): Promise<Listed[]> {
  const types = (await getTypes()).filter((type) => type !== "Device");
  if (types.length === 0) return [];
  const ask = (offset: number) => getEntities({ types, attributes: ["name"], offset }, signal);
  const first = await ask(0);
  const found: Entity[] = [...first.entities];
  const offsets = pagesAfterFirst(first.total);
  for (let start = 0; start < offsets.length; start += AT_ONCE) {
    const pages = await Promise.all(offsets.slice(start, start + AT_ONCE).map(ask));
    found.push(...pages.flatMap((page) => page.entities));
  }
  return found
    .map(({ id, types: kinds, name }) => ({ id, types: kinds, name }))
    .sort((one, other) => one.name.localeCompare(other.name, "ja", { numeric: true }));
}

/** The offsets of the further pages of so many. */
export function pagesAfterFirst(total: number): number[] {
  const pages = Math.ceil(Math.min(total, MOST) / PAGE);
  return Array.from({ length: Math.max(0, pages - 1) }, (_, index) => (index + 1) * PAGE);
}

export const useDirectory = () =>
  useQuery({ queryKey: ["directory"], queryFn: ({ signal }) => getDirectory(signal), staleTime: FRESH_MS });
