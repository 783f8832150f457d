import { describe, expect, it } from "vitest";
import { daysOfYears, deletedBefore, linesOf, type Policy, readDays, yearsOfDays } from "./policy";

const POLICY: Policy = { type: "https://uri.etsi.org/ngsi-ld/default-context/Room", rawDays: 400, keepAggregates: true, compressAfterDays: null };

describe("retention", () => {
  it("knows years, with their leap days", () => {
    expect([1, 3, 5, 10].map(daysOfYears)).toEqual([366, 1096, 1827, 3653]);
    expect([366, 365, 1827, 400].map(yearsOfDays)).toEqual([1, 1, 5, undefined]);
  });

  it("says from which day of Japan on values stay", () => {
    const now = Date.parse("2026-11-23T16:00:00Z"); // 24 November in Japan
    expect(deletedBefore(23, now)).toBe(Date.parse("2026-10-31T15:00:00Z"));
  });

  it("reads days as people type them", () => {
    expect(["400", " ４００ ", "0", "1.5", "x", "36501", ""].map(readDays)).toEqual([400, 400, undefined, undefined, undefined, undefined, undefined]);
  });

  it("lists every type once", () => {
    expect(linesOf(["Room", "https://example.org/Road"], [POLICY]).map(({ type, policy }) => [type, policy?.rawDays])).toEqual([
      ["Room", 400],
      ["Road", undefined],
    ]);
    expect(linesOf([], [POLICY])).toHaveLength(1);
  });
});
