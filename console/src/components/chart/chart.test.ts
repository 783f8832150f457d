import { expect, test } from "vitest";
import { align } from "./align";
import { rangeOf, writeTick } from "./axes";
import { pathOf, shapeAt, SHAPES } from "./marker";
import { describe as describeAt, nextIndex, summary } from "./reading";
import { spread } from "./spread";

const PM25 = { label: "北口", unit: "µg/m³", decimals: 1, points: [[0, 1], [1000, null], [2000, 3]] as const };
const OTHER = { label: "南口", unit: "µg/m³", decimals: 1, points: [[500, 10]] as const };

test("keys move by one, by ten, by a tenth, and to the ends, and never beyond", () => {
  const press = (key: string, cursor: number | null, shiftKey = false) => nextIndex({ key, shiftKey }, cursor, 100);
  expect(press("ArrowLeft", null)).toBe(99);
  expect(press("ArrowRight", 5)).toBe(6);
  expect(press("ArrowRight", 5, true)).toBe(15);
  expect(press("PageUp", 50)).toBe(40);
  expect(press("PageDown", 95)).toBe(99);
  expect(press("Home", 7)).toBe(0);
  expect(press("End", 7)).toBe(99);
  expect(press("a", 7)).toBeUndefined();
  expect(nextIndex({ key: "Home", shiftKey: false }, null, 0)).toBeUndefined();
});

test("what is read names the curves that have a value there, and says where one has none", () => {
  const data = align([PM25, OTHER]);
  const write = (ms: number) => `${ms} ms`;
  expect(data[0]).toEqual([0, 0.5, 1, 2]);
  expect(describeAt([PM25, OTHER], data, 0, write)).toBe("0 ms  北口 1.0 µg/m³");
  expect(describeAt([PM25, OTHER], data, 1, write)).toBe("500 ms  北口 – · 南口 10.0 µg/m³");
  expect(describeAt([PM25], align([PM25]), 1, write)).toBe("1000 ms  –");
  expect(describeAt([PM25], align([PM25]), 9, write)).toBeNull();
});

test("a gap lasts as long as its curve is silent, whatever values others have meanwhile", () => {
  const silent = { ...PM25, points: [[0, 1], [2500, null], [5000, 3]] as const };
  const steady = { ...OTHER, points: [0, 1000, 2000, 3000, 4000, 5000].map((at) => [at, 10] as const) };
  const data = align([silent, steady]);
  expect(data[0]).toEqual([0, 1, 2, 2.5, 3, 4, 5]);
  expect([...(data[1] ?? [])]).toEqual([1, null, null, null, null, null, 3]);
});

test("the summary says least, most and mean, and where there is nothing", () => {
  expect(summary([PM25, { label: "公園", points: [] }], { none: "記録なし", mean: "平均" })).toBe("北口: 1.0 – 3.0 µg/m³ (平均 2.0). 公園: 記録なし");
});

test("names at the ends of curves do not lie on each other and stay in the picture", () => {
  expect(spread([10, 12, 50], 15, 0, 100)).toEqual([10, 25, 50]);
  expect(spread([98, 99], 15, 0, 100)).toEqual([85, 100]);
  expect(spread([], 15, 0, 100)).toEqual([]);
});

test("bars stand on zero; curves have room", () => {
  expect(rangeOf(4, 10, [{ ...PM25, kind: "bars" }], [])[0]).toBe(0);
  const [low, high] = rangeOf(50, 60, [PM25], []);
  expect([low < 50, high > 60, low > 40]).toEqual([true, true, true]);
  expect(rangeOf(null, null, [], [])).toEqual([0, 1]);
});

test("ticks of a year are months with the year at January", () => {
  const months = [Date.UTC(2026, 11, 1), Date.UTC(2027, 0, 1), Date.UTC(2027, 1, 1)].map((at) => at / 1000);
  expect(months.map((tick, index) => writeTick(tick, months[index - 1], months))).toEqual(["2026/12", "2027/1", "2"]);
});

test("curves have shapes of their own", () => {
  expect(new Set(SHAPES.map((shape) => pathOf(shape, 0, 0, 4))).size).toBe(SHAPES.length);
  expect(shapeAt(SHAPES.length)).toBe(SHAPES[0]);
});
