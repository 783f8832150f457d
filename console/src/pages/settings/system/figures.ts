/** The figures of the page, each with its state: what stands on a card, and what the summary counts. */

import {
  byLimits,
  isSampleOld,
  LIMITS,
  ofAggregates,
  ofBroker,
  ofDatabase,
  ofDisk,
  ofIndexes,
  ofJob,
  ofProcess,
  ofQuarantine,
  ofRedis,
  type State,
  type System,
} from "./judge";

export const FIGURES = ["commit", "inFlight", "readingAge", "silent", "waiting", "resting", "paused", "quarantine", "disk", "samples", "aggregates", "indexes"] as const;
export type FigureId = (typeof FIGURES)[number];

export function stateOf(id: FigureId, system: System): State {
  const { late, deliveries } = system;
  switch (id) {
    case "commit":
      return late.inFlight == null ? "unknown" : late.commitS == null ? "good" : byLimits(late.commitS, LIMITS.commitS);
    case "inFlight":
      return byLimits(late.inFlight, LIMITS.inFlight);
    case "readingAge":
      return late.inFlight == null ? "unknown" : late.readingAgeS == null ? "good" : byLimits(late.readingAgeS, LIMITS.readingAgeS);
    case "silent":
      return byLimits(late.silentS, LIMITS.silentS);
    case "waiting":
      return byLimits(deliveries.waiting, LIMITS.waiting);
    case "resting":
      return deliveries.resting > 0 ? "attention" : "good";
    case "paused":
      return deliveries.paused > 0 ? "attention" : "good";
    case "quarantine":
      return ofQuarantine(system);
    case "disk":
      return ofDisk(system);
    case "samples":
      return isSampleOld(system) ? "attention" : "good";
    case "aggregates":
      return ofAggregates(system);
    case "indexes":
      return ofIndexes(system);
  }
}

/** What needs somebody, the worst first: parts by name, figures by id, jobs by name. */
export interface Trouble {
  readonly kind: "part" | "figure" | "job";
  readonly id: string;
  readonly state: State;
}

const isTrouble = ({ state }: Trouble): boolean => state === "bad" || state === "attention";

export function troublesOf(system: System): Trouble[] {
  const parts: Trouble[] = [
    ...system.processes.map((one): Trouble => ({ kind: "part", id: one.process, state: ofProcess(one) })),
    { kind: "part", id: "broker", state: ofBroker(system) },
    { kind: "part", id: "database", state: ofDatabase(system) },
    { kind: "part", id: "redis", state: ofRedis(system) },
  ];
  const figures = FIGURES.map((id): Trouble => ({ kind: "figure", id, state: stateOf(id, system) }));
  const jobs = system.jobs.map((job): Trouble => ({ kind: "job", id: job.job, state: ofJob(job, system.at) }));
  // Without the worker nothing is sampled and no job runs: that is said once, by the worker
  const isWorkerAway = parts.some((part) => part.id === "worker" && part.state === "bad");
  const rest = isWorkerAway ? figures.filter(({ id }) => id !== "samples" && id !== "aggregates") : [...figures, ...jobs];
  return [...parts, ...rest].filter(isTrouble).sort((one, other) => Number(one.state === "attention") - Number(other.state === "attention"));
}
