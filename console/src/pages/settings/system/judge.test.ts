import { describe, expect, it } from "vitest";
import { troublesOf } from "./figures";
import { byLimits, type Job, ofDisk, ofJob, ofQuarantine, type Process, stateOfJob, type System, worstOf } from "./judge";

const AT = "2026-11-23T00:00:00Z";
const PROCESS: Process = { process: "bridge", state: "working", detail: "", figures: {} };
const JOB: Job = { job: "retention", intervalS: 3600, lastAt: "2026-11-22T23:30:00Z", doneAt: "2026-11-22T23:30:00Z", durationMs: 5, failures: 0, runs: 1, detail: "" };
const WELL: System = {
  at: AT,
  ready: true,
  processes: [PROCESS, { ...PROCESS, process: "worker" }],
  broker: { state: "working", detail: "" },
  database: { version: "17", since: AT, connections: 10, connectionsMax: 100, answerMs: 1 },
  redis: "none",
  ingest: { perSecond: 1, lastHour: 3600, lastDay: 86_400, byMinute: [], byQuarter: [] },
  late: { messagesPerS: 1, commitS: 0.01, readingAgeS: 2, inFlight: 0, silentS: 1 },
  disk: { at: AT, databaseBytes: 1e9, freeBytes: 1e11, parts: {}, bytesPerDay: 1e8, growthDays: 7, fullInDays: 1000 },
  quarantine: { messages: 5, messagesMax: 100_000, lastDay: 5 },
  deliveries: { waiting: 0, deadLettered: 3, resting: 0, paused: 0 },
  jobs: [JOB],
  indexes: { ready: 1 },
  imports: {},
  aggregates: { until: "2026-11-22T23:00:00Z", dirty: 0 },
};

describe("the state of the installation", () => {
  it("has no troubles where all is well", () => {
    expect(troublesOf(WELL)).toEqual([]);
  });

  it("names what is bad before what needs attention", () => {
    const found = troublesOf({ ...WELL, redis: "silent", processes: [{ ...PROCESS, state: "silent" }], deliveries: { ...WELL.deliveries, paused: 1 } });
    expect(found.map(({ id, state }) => `${id} ${state}`)).toEqual(["bridge bad", "redis attention", "paused attention"]);
  });

  it("says once that the worker is away", () => {
    const old = "2026-11-22T12:00:00Z";
    const away: System = {
      ...WELL,
      processes: [{ ...PROCESS, process: "worker", state: "silent" }],
      disk: { databaseBytes: 1, parts: {}, growthDays: 7, at: old, freeBytes: 1e11 },
      aggregates: { until: old, dirty: 0 },
      jobs: [{ ...JOB, lastAt: old }],
    };
    expect(troublesOf(away).map(({ id }) => id)).toEqual(["worker"]);
  });

  it("judges by two limits", () => {
    expect([0.5, 1, 9, 10, null].map((value) => byLimits(value, [1, 10]))).toEqual(["good", "attention", "attention", "bad", "unknown"]);
    expect(worstOf(["good", "unknown", "attention"])).toBe("attention");
  });

  it("looks at the days that are left on the disk, and at what is left", () => {
    const disk = (freeBytes: number | null, fullInDays: number | null) => ofDisk({ ...WELL, disk: { at: AT, databaseBytes: 1, parts: {}, growthDays: 7, freeBytes, fullInDays } });
    expect([disk(1e11, 1000), disk(1e11, 29), disk(1e11, 6), disk(1e8, null), disk(1e9, null), disk(null, null)]).toEqual(["good", "attention", "bad", "bad", "attention", "unknown"]);
  });

  it("minds a hundredth of bad messages, not single ones", () => {
    const aside = (lastDay: number, messages = lastDay) => ofQuarantine({ ...WELL, quarantine: { messages, messagesMax: 100_000, lastDay } });
    expect([aside(9), aside(864), aside(865), aside(0, 100_000)]).toEqual(["good", "good", "attention", "attention"]);
  });

  it("tells jobs that failed, and those that are late", () => {
    expect(stateOfJob(JOB, AT)).toBe("done");
    expect(stateOfJob({ ...JOB, error: "no disk" }, AT)).toBe("failed");
    expect(stateOfJob({ ...JOB, lastAt: "2026-11-22T20:00:00Z" }, AT)).toBe("late");
    expect(ofJob({ ...JOB, error: "no disk" }, AT)).toBe("attention");
    expect(ofJob({ ...JOB, error: "no disk", doneAt: null }, AT)).toBe("bad");
  });
});
