/** What came from a device lately: stored values and messages that were put aside, in the order in which they came. */

import { rankOf } from "../../../../format/names";

export interface Measured {
  readonly name: string;
  readonly value: unknown;
}

export type Entry =
  | { readonly kind: "stored"; readonly at: number; readonly values: readonly Measured[] }
  | { readonly kind: "kept"; readonly at: number; readonly id: number; readonly reason: string; readonly detail: string; readonly payload: string };

/** Written by the registry, not by a message. */
const NOT_MEASURED = new Set(["name"]);

type Answer = Readonly<Record<string, unknown>>;
type Pair = [value: unknown, at: string];

/** Reads an entity's past (`format=temporalValues`): what came at each time, the newest first. */
export function readMeasured(answer: Answer, most: number): Entry[] {
  const byTime = new Map<number, Measured[]>();
  for (const [name, given] of Object.entries(answer)) {
    if (NOT_MEASURED.has(name)) continue;
    for (const [value, at] of pairsOf(given)) {
      const ms = Date.parse(at);
      if (Number.isFinite(ms) && typeof value !== "object") byTime.set(ms, [...(byTime.get(ms) ?? []), { name, value }]);
    }
  }
  return [...byTime]
    .sort(([one], [other]) => other - one)
    .slice(0, most)
    .map(([at, values]) => ({ kind: "stored", at, values: [...values].sort((one, other) => rankOf(one.name, []) - rankOf(other.name, [])) }));
}

function pairsOf(given: unknown): Pair[] {
  const instances: unknown[] = Array.isArray(given) ? given : [given];
  return instances.flatMap((instance) => {
    const values = typeof instance === "object" && instance !== null ? (instance as { values?: unknown }).values : undefined;
    return Array.isArray(values) ? (values as Pair[]).filter((pair) => Array.isArray(pair) && typeof pair[1] === "string") : [];
  });
}

export interface KeptMessage {
  readonly id: number;
  readonly arrivedAt: string;
  readonly reason: string;
  readonly detail: string;
  readonly payload?: string | undefined;
}

/** One log, the newest first. */
export function mergeLog(measured: readonly Entry[], kept: readonly KeptMessage[], most: number): Entry[] {
  const aside = kept.map(
    ({ id, arrivedAt, reason, detail, payload }): Entry => ({ kind: "kept", at: Date.parse(arrivedAt), id, reason, detail, payload: payload ?? "" }),
  );
  return [...measured, ...aside].sort((one, other) => other.at - one.at).slice(0, most);
}
