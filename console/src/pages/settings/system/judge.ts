/** Whether a figure of the installation is good: the thresholds in one place; the words beside them explain each. */

import type { components } from "../../../api/schema";
import { toMs } from "../../../format/times";

export type System = components["schemas"]["System"];
export type Job = components["schemas"]["SystemJob"];
export type Process = components["schemas"]["SystemProcess"];
export type State = "good" | "attention" | "bad" | "unknown";

const WORST: readonly State[] = ["bad", "attention", "unknown", "good"];
const MEGABYTE = 1_000_000;
const SAMPLE_LATE_MS = 120_000;
const AGGREGATES_LATE_MS = 3 * 3_600_000;

export const LIMITS = {
  commitS: [1, 10],
  inFlight: [4_000, 8_000],
  readingAgeS: [300, Infinity],
  silentS: [900, Infinity],
  waiting: [1_000, 100_000],
  answerMs: [250, 2_000],
  connectionShare: [0.8, 0.95],
} as const;

export const worstOf = (states: readonly State[]): State => WORST.find((state) => states.includes(state)) ?? "good";

/** Good below the first limit, bad from the second on; what is not known is unknown. */
export function byLimits(value: number | null | undefined, [attention, bad]: readonly [number, number]): State {
  if (value === null || value === undefined) return "unknown";
  return value >= bad ? "bad" : value >= attention ? "attention" : "good";
}

export const ofProcess = (process: Process): State => (process.state === "working" ? "good" : "bad");

export function ofBroker(system: System): State {
  return { working: "good", troubled: "bad", unknown: "unknown" }[system.broker.state] as State;
}

export const ofRedis = (system: System): State => (system.redis === "silent" ? "attention" : "good");

export function ofDatabase({ database }: System): State {
  return worstOf([byLimits(database.answerMs, LIMITS.answerMs), byLimits(database.connections / database.connectionsMax, LIMITS.connectionShare)]);
}

/** Space: by the days that are left, and by what is left at all; unknown where the volume cannot be seen. */
export function ofDisk({ disk }: System): State {
  if (disk?.freeBytes == null) return "unknown";
  const days = disk.fullInDays ?? Infinity;
  if (disk.freeBytes < 512 * MEGABYTE || days < 7) return "bad";
  return disk.freeBytes < 2_000 * MEGABYTE || days < 30 ? "attention" : "good";
}

export function isSampleOld({ at, disk }: System): boolean {
  return disk == null || toMs(at) - toMs(disk.at) > SAMPLE_LATE_MS;
}

/** Single bad messages are everyday: more than one in a hundred are not, nor is a quarantine that is full. */
export function ofQuarantine({ quarantine, ingest }: System): State {
  if (quarantine.messages == null) return "unknown";
  if (quarantine.messages >= quarantine.messagesMax) return "attention";
  const [aside, received] = [quarantine.lastDay ?? 0, ingest.lastDay ?? 0];
  return aside >= 10 && aside > received / 100 ? "attention" : "good";
}

export type JobState = "done" | "failed" | "late";

export function stateOfJob(job: Job, at: string): JobState {
  if (job.error != null) return "failed";
  return toMs(at) - toMs(job.lastAt) > (3 * job.intervalS + 60) * 1000 ? "late" : "done";
}

/** One failure is tried again; a job that has not ended well for long is bad. */
export function ofJob(job: Job, at: string): State {
  const state = stateOfJob(job, at);
  if (state === "done") return "good";
  const done = job.doneAt == null ? 0 : toMs(job.doneAt);
  return toMs(at) - done > (3 * job.intervalS + 600) * 1000 ? "bad" : "attention";
}

export function ofAggregates({ at, aggregates }: System): State {
  if (aggregates.until == null) return "unknown";
  return toMs(at) - toMs(aggregates.until) > AGGREGATES_LATE_MS ? "attention" : "good";
}

export const ofIndexes = ({ indexes }: System): State => ((indexes.failed ?? 0) > 0 ? "bad" : "good");
