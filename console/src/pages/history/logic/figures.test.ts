import { describe, expect, it } from "vitest";
import { bucketStart, chooseBucket, nextBucket } from "./bucket";
import { windowsOf } from "./compare";
import { findEdges, findGaps, withGaps } from "./gaps";
import { DAY, HOUR, MINUTE, writeTime } from "./jst";
import { spanOf } from "./period";

const at = (text: string) => Date.parse(`${text}+09:00`);
const START = at("2026-04-01T00:00:00");
const spanOfDays = (days: number) => ({ from: START, to: START + days * DAY });

describe("the bucket that suits a span", () => {
  it.each([
    [1, "none"],
    [1.5, "none"],
    [2, "PT10M"],
    [7, "hour"],
    [16, "hour"],
    [31, "day"],
    [365, "day"],
    [1460, "week"],
    [3650, "month"],
    [20000, "fiscal-year"],
  ])("%d days: %s", (days, bucket) => {
    expect(chooseBucket(spanOfDays(days))).toBe(bucket);
  });

  it.each([
    ["PT10M", "2026-04-01T12:34:56", "2026-04-01T12:30:00", "2026-04-01T12:40:00"],
    ["hour", "2026-04-01T12:34:56", "2026-04-01T12:00:00", "2026-04-01T13:00:00"],
    ["day", "2026-04-01T23:59:59", "2026-04-01T00:00:00", "2026-04-02T00:00:00"],
    ["week", "2026-04-05T23:59:59", "2026-03-30T00:00:00", "2026-04-06T00:00:00"],
    ["month", "2026-12-31T23:59:59", "2026-12-01T00:00:00", "2027-01-01T00:00:00"],
    ["fiscal-year", "2026-03-31T23:59:59", "2025-04-01T00:00:00", "2026-04-01T00:00:00"],
  ] as const)("%s of %s", (bucket, time, start, next) => {
    expect(bucketStart(bucket, at(time))).toBe(at(start));
    expect(nextBucket(bucket, at(start))).toBe(at(next));
  });
});

describe("gaps", () => {
  const days = (...numbers: number[]) => numbers.map((number) => START + number * DAY);

  it("are missing buckets", () => {
    expect(findGaps(days(0, 1, 2, 5, 6), "day")).toEqual([{ from: START + 2 * DAY, to: START + 5 * DAY }]);
    expect(findGaps(days(0, 1, 2, 3), "day")).toEqual([]);
  });

  it("months differ in length, and that is no gap", () => {
    const months = ["2026-01", "2026-02", "2026-03", "2026-05"].map((month) => at(`${month}-01T00:00:00`));
    expect(findGaps(months, "month")).toEqual([{ from: months[2], to: months[3] }]);
  });

  it("of single values are silences far beyond the usual interval", () => {
    const times = [0, 1, 2, 3, 4, 7, 8, 30, 31].map((minute) => START + minute * MINUTE);
    expect(findGaps(times, "none")).toEqual([{ from: START + 8 * MINUTE, to: START + 30 * MINUTE }]);
  });

  it("of a few values nothing can be said", () => {
    expect(findGaps([START, START + HOUR, START + 30 * DAY], "none")).toEqual([]);
    expect(findGaps([], "none")).toEqual([]);
  });

  it("at the edges are late beginnings and early ends", () => {
    const end = START + 10 * DAY;
    expect(findEdges(days(0, 1, 9), "day", START, end)).toEqual([]);
    expect(findEdges(days(0, 1, 8), "day", START, end - HOUR)).toEqual([]);
    expect(findEdges(days(2, 9), "day", START, end)).toEqual([{ from: START, to: START + 2 * DAY }]);
    expect(findEdges(days(0, 4), "day", START, end)).toEqual([{ from: START + 4 * DAY, to: end }]);
    expect(findEdges([], "day", START, end)).toEqual([{ from: START, to: end }]);
    const minutes = [0, 1, 2, 3, 4].map((minute) => START + minute * MINUTE);
    expect(findEdges(minutes, "none", START, START + 6 * MINUTE)).toEqual([]);
    expect(findEdges(minutes, "none", START, START + HOUR)).toEqual([{ from: START + 4 * MINUTE, to: START + HOUR }]);
  });

  it("interrupt the curve and add no value", () => {
    const times = days(0, 1, 4);
    const cut = withGaps(times, [1, 2, 3], findGaps(times, "day"));
    expect(cut.values).toEqual([1, 2, null, 3]);
    expect(cut.times).toEqual(days(0, 1, 2.5, 4));
  });
});

describe("years beside each other", () => {
  const fiscal = spanOf({ kind: "fiscal", year: 2026 }, 0);

  it("lie by their dates", () => {
    const [present, before, , fourth] = windowsOf(fiscal, 3, "date");
    expect(present?.span).toEqual(fiscal);
    expect(writeTime(before?.span.from ?? 0)).toBe("2025-04-01T00:00:00+09:00");
    expect(before?.align(at("2025-05-05T12:00:00"))).toBe(at("2026-05-05T12:00:00"));
    expect(fourth?.yearsBefore).toBe(3);
  });

  it("29 February lies nowhere where the axis has none", () => {
    const before = windowsOf(fiscal, 3, "date")[3];
    expect(before?.span).toEqual(spanOf({ kind: "fiscal", year: 2023 }, 0));
    expect(before?.align(at("2024-02-28T12:00:00"))).toBe(at("2027-02-28T12:00:00"));
    expect(before?.align(at("2024-02-29T00:00:00"))).toBeUndefined();
    expect(before?.align(at("2024-03-01T00:00:00"))).toBe(at("2027-03-01T00:00:00"));
  });

  it("or by their weekdays", () => {
    const before = windowsOf(spanOfDays(7), 1, "weekday")[1];
    expect(before?.span.from).toBe(START - 364 * DAY);
    expect(before?.align(START - 364 * DAY + HOUR)).toBe(START + HOUR);
  });

  it("are five at most", () => {
    expect(windowsOf(fiscal, 99, "date")).toHaveLength(6);
  });
});
