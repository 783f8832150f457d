import { describe, expect, it } from "vitest";
import { addYears, dayOf, fiscalYearOf, parseDay, startOf, startOfDay, startOfFiscalYear, weekdayOf, writeDay, writeTime } from "./jst";

const at = (text: string) => Date.parse(text);

describe("the calendar of Japan, whatever the clock of the computer", () => {
  it("begins a day at midnight in Japan", () => {
    expect(startOfDay(at("2026-11-23T14:59:59Z"))).toBe(at("2026-11-22T15:00:00Z"));
    expect(startOfDay(at("2026-11-23T15:00:00Z"))).toBe(at("2026-11-23T15:00:00Z"));
  });

  it("knows the weekday", () => {
    expect(weekdayOf(at("2026-11-23T00:00:00+09:00"))).toBe(0);
    expect(weekdayOf(at("2026-11-22T23:59:59+09:00"))).toBe(6);
  });

  it.each([
    ["2026-03-31T23:59:59+09:00", 2025],
    ["2026-04-01T00:00:00+09:00", 2026],
    ["2027-03-31T23:59:59+09:00", 2026],
  ])("%s lies in the fiscal year %i", (text, year) => {
    expect(fiscalYearOf(at(text))).toBe(year);
  });

  it("begins a fiscal year on 1 April", () => {
    expect(startOfFiscalYear(2026)).toBe(at("2026-04-01T00:00:00+09:00"));
  });

  it("adds years by the calendar", () => {
    expect(addYears(at("2026-11-23T12:34:56+09:00"), -1)).toBe(at("2025-11-23T12:34:56+09:00"));
    expect(addYears(at("2024-02-29T12:00:00+09:00"), 1)).toBe(at("2025-02-28T12:00:00+09:00"));
  });

  it.each(["2026-02-30", "2026-13-01", "2026-4-1", "", "2026-04-01T00:00"])("%j is no day", (text) => {
    expect(parseDay(text)).toBeUndefined();
  });

  it("writes what it reads", () => {
    expect(writeDay(parseDay("2026-04-01") ?? 0)).toBe("2026-04-01");
    expect(writeTime(at("2026-04-01T00:00:00Z"))).toBe("2026-04-01T09:00:00+09:00");
    expect(writeTime(at("2026-04-01T00:00:00.250Z"))).toBe("2026-04-01T09:00:00.250+09:00");
    expect(dayOf(startOf({ year: 2026, month: 13, day: 1 }))).toEqual({ year: 2027, month: 1, day: 1 });
  });
});
