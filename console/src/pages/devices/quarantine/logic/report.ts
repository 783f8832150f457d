/** What a replay made of the messages, added up over its calls. */

import type { Replay } from "../asking";

export const RESULTS = ["stored", "corrected", "duplicate", "ignored", "quarantined", "cut", "gone"] as const;
export type Result = (typeof RESULTS)[number];

export interface Report {
  readonly counts: Readonly<Record<Result, number>>;
  /** Why those that stayed did, the most frequent first. */
  readonly refused: readonly { readonly reason: string; readonly count: number; readonly detail: string | undefined }[];
}

const NOTHING: Readonly<Record<Result, number>> = { stored: 0, corrected: 0, duplicate: 0, ignored: 0, quarantined: 0, cut: 0, gone: 0 };
export const EMPTY: Report = { counts: NOTHING, refused: [] };

export function add(report: Report, { counts, messages }: Pick<Replay, "counts" | "messages">): Report {
  const sums = Object.fromEntries(RESULTS.map((name) => [name, report.counts[name] + (counts[name] ?? 0)])) as Record<Result, number>;
  const refused = new Map(report.refused.map((one) => [one.reason, one]));
  for (const { result, reason, detail } of messages) {
    if (result !== "quarantined" || reason === undefined) continue;
    const known = refused.get(reason);
    refused.set(reason, { reason, count: (known?.count ?? 0) + 1, detail: known?.detail ?? detail });
  }
  return { counts: sums, refused: [...refused.values()].sort((one, other) => other.count - one.count) };
}

/** All that were looked at. */
export const seen = ({ counts }: Report): number => RESULTS.reduce((sum, name) => sum + counts[name], 0);
