import { describe, expect, it } from "vitest";
import { columnOf, comparable, firstPlaces, matches, rank, readRanking, usualMethod } from "./ranking";
import type { Row } from "./rows";

const row = (id: string, entityName: string, avg: number, max: number, more: object = {}): Row => ({
  time: "2026-10-01T00:00:00+09:00",
  entityId: `urn:x:${id}`,
  entityName,
  attribute: "LAeq",
  unit: "dB",
  avg,
  max,
  min: avg - 10,
  sum: avg * 10,
  count: 10,
  ...more,
});

const RANKING = readRanking([
  row("1", "八坂", 55, 90),
  row("2", "本町", 61, 80),
  row("3", "カミキタ", 61, 70),
  row("2", "本町", 70, 95, { attribute: "LAmax" }),
  { time: "2026-10-01T00:00:00+09:00", entityId: "urn:x:9", attribute: "LAeq" },
]);

describe("the ranking", () => {
  it("is by what the method asks", () => {
    expect(rank(RANKING, "avg").map((one) => one.avg)).toEqual([70, 61, 61, 55]);
    expect(rank(RANKING, "max")[1]?.name).toBe("八坂");
    expect(rank(RANKING, "min")[0]?.name).toBe("八坂");
    expect(columnOf("sum")).toBe("sum");
    expect(columnOf("stddev")).toBe("avg");
    expect(columnOf(undefined)).toBe("avg");
  });

  it("compares only what has about as many values", () => {
    const few = readRanking([row("8", "新しい場所", 99, 99, { count: 1 }), row("1", "八坂", 55, 90, { count: 11 })]);
    expect(comparable(few).map((one) => one.name)).toEqual(["八坂"]);
    expect(comparable(RANKING)).toHaveLength(4);
  });

  it("names the first places once each", () => {
    expect(firstPlaces(rank(RANKING, "avg"), 2)).toEqual(["urn:x:2", "urn:x:3"]);
  });

  it("is searched in any width and kana", () => {
    const found = (text: string) => RANKING.filter((one) => matches(one, text)).map((one) => one.name);
    expect(found("かみきた")).toEqual(["カミキタ"]);
    expect(found("ｶﾐｷﾀ")).toEqual(["カミキタ"]);
    expect(found("urn:x:1")).toEqual(["八坂"]);
    expect(found("")).toHaveLength(4);
  });

  it.each([
    ["intensity", "sum"],
    ["precipitation", "sum"],
    ["LAeq", "avg"],
    ["pm25", "avg"],
  ])("%s is asked for by its %s", (attribute, method) => {
    expect(usualMethod(attribute)).toBe(method);
  });
});
