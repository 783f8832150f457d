import { expect, test } from "vitest";
import { byHour, latenciesOf } from "./figures";

test("every hour has a bar, and an hour without notifications has a zero", () => {
  const now = Date.parse("2026-11-23T03:20:00Z");
  const drawn = byHour([{ at: "2026-11-23T02:00:00Z", delivered: 5, failedAttempts: 1 }], 3, now);
  expect(drawn.delivered.map(([, value]) => value)).toEqual([0, 5, 0]);
  expect(drawn.failed.map(([, value]) => value)).toEqual([0, 1, 0]);
  expect(drawn.delivered[1]?.[0]).toBe(Date.parse("2026-11-23T02:30:00Z"));
  expect([drawn.from, drawn.to]).toEqual([Date.parse("2026-11-23T01:00:00Z"), Date.parse("2026-11-23T04:00:00Z")]);
});

test("latencies are in order of time, without those that never arrived", () => {
  expect(
    latenciesOf([
      { createdAt: "2026-11-23T00:00:02Z", latencyMs: 30 },
      { createdAt: "2026-11-23T00:00:01Z", latencyMs: 20 },
      { createdAt: "2026-11-23T00:00:00Z", latencyMs: null },
    ]).map(([, latency]) => latency),
  ).toEqual([20, 30]);
});
