/** All entities of some kinds, page by page: a small page of each kind first, then large ones, a few at a time. */

import type { Send } from "../../api/client";
import { type Entity, type EntityQuery, getEntities } from "../../api/entities";
import type { Ask } from "./asking";

export const FIRST_PAGE = 200;
export const NEXT_PAGE = 1_000;
const AT_ONCE = 4;
/** Of one kind: a map with more points says nothing any more, and an answer costs more the further one pages. */
export const MOST = 20_000;

export interface Arrival {
  readonly entities: readonly Entity[];
  readonly type: string;
  /** How many there are of this kind, where a page told it. */
  readonly total: number;
}

/** Asks for everything and tells what arrives as it arrives. Raises what the first failing question raises. */
export async function loadAll(asks: readonly Ask[], take: (arrival: Arrival) => void, signal: AbortSignal, ask: Send): Promise<void> {
  const askFor = async (one: Ask, limit: number, offset: number): Promise<number> => {
    const { entities, total } = await getEntities(queryOf(one, limit, offset), signal, ask);
    take({ entities, total, type: one.type });
    return total;
  };
  const rest: (() => Promise<unknown>)[] = [];
  await runAll(
    asks.map((one) => async () => {
      const total = await askFor(one, FIRST_PAGE, 0);
      for (const offset of offsetsAfterFirst(total)) rest.push(() => askFor(one, NEXT_PAGE, offset));
    }),
  );
  await runAll(rest);
}

function queryOf({ type, attributes }: Ask, limit: number, offset: number): EntityQuery {
  return { types: [type], limit, offset, ...(attributes && { attributes }) };
}

/** Where the further pages of so many begin. */
export function offsetsAfterFirst(total: number): number[] {
  const pages = Math.ceil((Math.min(total, MOST) - FIRST_PAGE) / NEXT_PAGE);
  return Array.from({ length: Math.max(0, pages) }, (_, index) => FIRST_PAGE + index * NEXT_PAGE);
}

/** Does all of these, a few at the same time. */
export async function runAll(tasks: readonly (() => Promise<unknown>)[]): Promise<void> {
  let next = 0;
  const work = async () => {
    for (let task = tasks[next++]; task !== undefined; task = tasks[next++]) await task();
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, tasks.length) }, work));
}
