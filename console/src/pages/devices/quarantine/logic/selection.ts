/** Which messages: what the filters say, in the API's words. */

import { type Range, rangeOf } from "../../../../components/TimeRange";

export interface Selection {
  readonly reason?: string;
  readonly device?: string;
  readonly since?: string;
  readonly until?: string;
}

const EARLIEST = "1990-01-01T00:00:00Z";

/** The filters as they stand in the address: `?reason=…&device=…&period=7d`. */
export function readSelection(search: URLSearchParams, now: number = Date.now()): Selection {
  const reason = search.get("reason") ?? "";
  const device = (search.get("device") ?? "").normalize("NFKC").trim();
  const range = rangeOf(search.get("period") ?? "", now);
  return {
    ...(reason !== "" && { reason }),
    ...(device !== "" && { device }),
    ...(range !== undefined && timesOf(range)),
  };
}

const timesOf = ({ from, to }: Range) => ({ since: new Date(from).toISOString(), until: new Date(to).toISOString() });

/** Whether anything narrows it. */
export const isNarrowed = (selection: Selection): boolean => Object.keys(selection).length > 0;

/** The body of a replay or discard of all that a selection holds: the API wants one filter at least. */
export const bodyOf = (selection: Selection): Selection => (isNarrowed(selection) ? selection : { since: EARLIEST });

/** The same, whatever the reason: what the counts by reason are of. */
export const ofAllReasons = ({ device, since, until }: Selection): Selection => ({
  ...(device !== undefined && { device }),
  ...(since !== undefined && { since }),
  ...(until !== undefined && { until }),
});
