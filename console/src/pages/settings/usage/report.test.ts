import { describe, expect, it } from "vitest";
import { byCaller, byDay, periodOf, quotasOf, type Row, shareOf, totalsOf } from "./report";

const NOW = Date.parse("2026-11-24T00:30:00Z"); // 24 November in Japan
const ROW: Row = { day: "2026-11-23", tenant: "default", organisation: "walks", caller: "partner", type: "Room", requests: 2, refused: 1, entities: 20, written: 5, bytes: 1000, notifications: 0, exportRows: 0, streamEvents: 0 };

describe("a report of usage", () => {
  it("is about months and fiscal years of Japan", () => {
    expect(periodOf("month", NOW)).toEqual({ from: "2026-11-01", until: "2026-11-25" });
    expect(periodOf("lastMonth", NOW)).toEqual({ from: "2026-10-01", until: "2026-11-01" });
    expect(periodOf("fiscal", NOW)).toEqual({ from: "2026-04-01", until: "2026-11-25" });
    expect(periodOf("lastFiscal", NOW)).toEqual({ from: "2025-04-01", until: "2026-04-01" });
    expect(periodOf("lastMonth", Date.parse("2026-12-31T15:30:00Z"))).toEqual({ from: "2026-12-01", until: "2027-01-01" });
  });

  it("has every day of the period", () => {
    const days = byDay([ROW, { ...ROW, type: null }], "requests", { from: "2026-11-22", until: "2026-11-25" });
    expect(days.map(([, value]) => value)).toEqual([0, 4, 0]);
    expect(days[1]?.[0]).toBe(Date.parse("2026-11-22T15:00:00Z"));
  });

  it("adds up by organisation, role and type", () => {
    const sums = byCaller([ROW, { ...ROW, day: "2026-11-24", requests: 5 }, { ...ROW, type: null, requests: 100 }]);
    expect(sums.map(({ type, requests, written }) => [type, requests, written])).toEqual([
      [null, 100, 5],
      ["Room", 7, 10],
    ]);
    expect(totalsOf([ROW, ROW]).bytes).toBe(2000);
  });

  it("holds what was written today against the quota of those who have one", () => {
    const limits = { defaults: { "entities-per-day": null }, limits: [{ subject: "organisation:3", name: "entities-per-day" as const, value: 10 }] };
    const organisations = [
      { number: 3, name: "walks" },
      { number: 4, name: "bikes" },
    ];
    const [one, ...others] = quotasOf([ROW, { ...ROW, caller: "administrator" }], limits, organisations);
    expect(one).toEqual({ organisation: "walks", used: 5, limit: 10 });
    expect(others).toEqual([]);
    expect(shareOf({ organisation: "a", used: 5, limit: 10 })).toBe(0.5);
    expect(quotasOf([{ ...ROW, organisation: "bikes" }], { ...limits, defaults: { "entities-per-day": { value: 100 } } }, organisations).map(({ organisation }) => organisation)).toEqual(["bikes", "walks"]);
  });
});
