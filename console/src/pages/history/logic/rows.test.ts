import { describe, expect, it } from "vitest";
import { CutOff, type Row, RowReader } from "./rows";
import { inOrder, linesOf, SeriesGatherer } from "./series";

const HEAD = '{"query":"/api/v1/history?…","dataVersion":"2026-11-23T03:00:00Z","corrections":2,"from":"a","to":"b","timezone":"Asia/Tokyo","rows":[';
const row = (time: string, more: object): Row => ({ time: `2026-04-${time}+09:00`, entityId: "urn:x:1", attribute: "pm25", ...more });
const ROWS = [
  row("01T00:00:00", { entityName: "北口", label: "PM2.5", unit: "µg/m³", avg: 10, max: 20 }),
  row("02T00:00:00", { entityName: "北口", label: "PM2.5", unit: "µg/m³", avg: 14, max: 50 }),
  row("02T00:00:00", { entityId: "urn:x:2", unit: "ppm", avg: 1, max: 2 }),
  row("05T00:00:00", { entityName: "北口", label: "PM2.5", unit: "µg/m³", avg: 12 }),
];
const answer = (rows: readonly Row[], count = rows.length) =>
  `${HEAD}${rows.map((one, index) => `${index ? ",\n" : "\n"}${JSON.stringify(one)}`).join("")}],"rowCount":${count}}`;

function readAll(text: string, size: number): { rows: Row[]; reader: RowReader } {
  const reader = new RowReader();
  const rows: Row[] = [];
  for (let start = 0; start < text.length; start += size) rows.push(...reader.read(text.slice(start, start + size)));
  rows.push(...reader.end());
  return { rows, reader };
}

describe("a table that streams", () => {
  it.each([1, 7, 64, 100_000])("is read in pieces of %i", (size) => {
    const { rows, reader } = readAll(answer(ROWS), size);
    expect(rows).toEqual(ROWS);
    expect(reader.about).toMatchObject({ dataVersion: "2026-11-23T03:00:00Z", corrections: 2 });
  });

  it("may be empty", () => {
    expect(readAll(answer([]), 50).rows).toEqual([]);
  });

  it("that breaks off is not taken for whole", () => {
    expect(() => readAll(answer(ROWS).slice(0, -40), 10)).toThrow();
    expect(() => readAll(answer(ROWS, 9), 10)).toThrow(CutOff);
    expect(() => readAll(`${HEAD}\n${JSON.stringify(ROWS[0])},\n`, 10)).toThrow(CutOff);
  });
});

describe("curves", () => {
  const gatherer = new SeriesGatherer("day", ["avg", "max"]);
  gatherer.add(ROWS);

  it("are one per place, method and unit", () => {
    expect(gatherer.series.map((one) => [one.entityId, one.method, one.values])).toEqual([
      ["urn:x:1", "avg", [10, 14, 12]],
      ["urn:x:1", "max", [20, 50]],
      ["urn:x:2", "avg", [1]],
      ["urn:x:2", "max", [2]],
    ]);
    expect(gatherer.points).toBe(7);
  });

  it("stand in the order in which they were asked for", () => {
    const asked = { ids: ["urn:x:2", "urn:x:1"], attributes: ["pm25"], methods: ["max", "avg"] as const };
    expect(inOrder(gatherer.series, asked).map((one) => `${one.entityId} ${one.method ?? ""}`)).toEqual([
      "urn:x:2 max",
      "urn:x:2 avg",
      "urn:x:1 max",
      "urn:x:1 avg",
    ]);
  });

  it("become lines of a table in which what is missing stays missing", () => {
    const lines = linesOf(gatherer.series.slice(0, 2));
    expect(lines.map((line) => line.cells)).toEqual([
      [10, 20],
      [14, 50],
      [12, undefined],
    ]);
  });

  it("hold numbers only", () => {
    const raw = new SeriesGatherer("none", []);
    raw.add([row("01T00:00:00", { value: "良い" }), row("01T00:01:00", { value: true }), row("01T00:02:00", { value: 3 })]);
    expect(raw.series.map((one) => one.values)).toEqual([[3]]);
    expect(raw.notNumbers).toBe(2);
  });
});
