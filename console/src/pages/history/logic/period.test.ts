import { describe, expect, it } from "vitest";
import { writeTime } from "./jst";
import { daysOf, isWholeDays, lastMonth, parsePeriod, type Period, spanOf, thisFiscalYear, writePeriod, yearsBefore } from "./period";

const NOW = Date.parse("2026-11-24T00:30:00+09:00"); // still the 23rd in UTC

const written = (period: Period) => {
  const span = spanOf(period, NOW);
  return [writeTime(span.from), writeTime(span.to)];
};

describe("periods", () => {
  it.each<[Period, string, string]>([
    [{ kind: "today" }, "2026-11-24T00:00:00+09:00", "2026-11-25T00:00:00+09:00"],
    [{ kind: "days", count: 7 }, "2026-11-18T00:00:00+09:00", "2026-11-25T00:00:00+09:00"],
    [{ kind: "month", year: 2026, month: 10 }, "2026-10-01T00:00:00+09:00", "2026-11-01T00:00:00+09:00"],
    [{ kind: "month", year: 2026, month: 12 }, "2026-12-01T00:00:00+09:00", "2027-01-01T00:00:00+09:00"],
    [{ kind: "fiscal", year: 2026 }, "2026-04-01T00:00:00+09:00", "2027-04-01T00:00:00+09:00"],
    [{ kind: "custom", first: "2024-02-28", last: "2024-02-29" }, "2024-02-28T00:00:00+09:00", "2024-03-01T00:00:00+09:00"],
  ])("%j", (period, from, to) => {
    expect(written(period)).toEqual([from, to]);
  });

  it.each<Period>([
    { kind: "today" },
    { kind: "days", count: 30 },
    { kind: "month", year: 2026, month: 1 },
    { kind: "fiscal", year: 2019 },
    { kind: "custom", first: "2026-04-01", last: "2026-04-01" },
    { kind: "exact", from: NOW, to: NOW + 1 },
  ])("are read as they were written: %j", (period) => {
    expect(parsePeriod(writePeriod(period))).toEqual(period);
  });

  it.each(["", "yesterday", "0d", "99999d", "month:2026-13", "fy:1", "2026-05-01..2026-04-01", "2026-02-30..2026-03-01", "..", "a..b", "2026-04-01..2026-04-02..2026-04-03"])(
    "%j is none",
    (text) => {
      expect(parsePeriod(text)).toBeUndefined();
    },
  );

  it("last month of January is December", () => {
    expect(lastMonth(Date.parse("2027-01-15T00:00:00+09:00"))).toEqual({ kind: "month", year: 2026, month: 12 });
    expect(lastMonth(NOW)).toEqual({ kind: "month", year: 2026, month: 10 });
  });

  it("this fiscal year", () => {
    expect(thisFiscalYear(Date.parse("2026-03-31T23:00:00+09:00"))).toEqual({ kind: "fiscal", year: 2025 });
  });

  it("years before keep whole years whole", () => {
    const before = yearsBefore(spanOf({ kind: "fiscal", year: 2024 }, NOW), 1);
    expect(before).toEqual(spanOf({ kind: "fiscal", year: 2023 }, NOW));
    expect(isWholeDays(before)).toBe(true);
    expect(daysOf(before)).toEqual({ first: "2023-04-01", last: "2024-03-31" });
  });
});
