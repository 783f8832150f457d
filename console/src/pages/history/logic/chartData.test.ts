import { describe, expect, it } from "vitest";
import { panelsOf, pointsOf } from "./chartData";
import { windowsOf } from "./compare";
import { DAY } from "./jst";
import type { Series } from "./series";

const START = Date.parse("2026-04-01T00:00:00+09:00");
const SPAN = { from: START, to: START + 10 * DAY };
const curve = (name: string, days: readonly number[], more: Partial<Series> = {}): Series => ({
  key: name,
  entityId: `urn:x:${name}`,
  entityName: name,
  attribute: "pm25",
  label: "PM2.5",
  datasetId: "",
  unit: "µg/m³",
  method: "avg",
  yearsBefore: 0,
  times: days.map((day) => START + day * DAY),
  values: days.map((day) => day * 10),
  ...more,
});

describe("curves on one axis", () => {
  it("are interrupted in a gap", () => {
    const points = pointsOf(curve("a", [0, 1, 4]), windowsOf(SPAN, 0, "date"), "day");
    expect(points.map(([time, value]) => [(time - START) / DAY, value])).toEqual([
      [0, 0],
      [1, 10],
      [2.5, null],
      [4, 40],
    ]);
  });

  it("of former years lie on the present one", () => {
    const before = curve("a", [], { yearsBefore: 1, times: [START - 365 * DAY, START - 364 * DAY], values: [7, 8] });
    expect(pointsOf(before, windowsOf(SPAN, 1, "date"), "day")).toEqual([
      [START, 7],
      [START + DAY, 8],
    ]);
  });

  it("shares are percentages", () => {
    expect(pointsOf(curve("a", [1]), windowsOf(SPAN, 0, "date"), "day", 100)).toEqual([[START + DAY, 1000]]);
  });

  it("of different units have pictures of their own", () => {
    const bare = { unit: "", attribute: "occupancy" };
    const panels = panelsOf([curve("a", [0]), curve("b", [0]), curve("c", [0], { unit: "℃" }), curve("d", [0], bare), curve("e", [0], { unit: "" })]);
    expect(panels.map((panel) => [panel.unit || panel.attribute, panel.series.length])).toEqual([
      ["µg/m³", 2],
      ["℃", 1],
      ["occupancy", 1],
      ["pm25", 1],
    ]);
  });
});
