// @vitest-environment happy-dom

import { describe, expect, it } from "vitest";
import { readEntity } from "../../api/entities";
import { EventParser } from "../../api/stream";
import { showGaps } from "../../api/series";
import { align, withGaps } from "../../components/Chart";
import { rangeOf } from "../../components/TimeRange";
import { cell } from "../public/csv";
import { safeNext } from "../login/safeNext";
import { metricsOf } from "./asking";
import { choose, see, type Wish } from "./seeing";

const noise = (id: string, value: number, name = id) =>
  readEntity({
    id: `urn:ngsi-ld:NoiseLevelObserved:${id}`,
    type: "NoiseLevelObserved",
    name: { type: "Property", value: name },
    LAeq: { value, unitCode: "2N", observedAt: "2026-11-23T00:00:00Z" },
    location: { type: "Point", coordinates: [139.47, 35.75] },
  });
const air = readEntity({ id: "urn:ngsi-ld:AirQualityObserved:a", type: "AirQualityObserved", pm25: { value: 80, unitCode: "GQ", observedAt: "2026-11-23T00:00:00Z" } });
const ALL: Wish = { theme: "all", type: undefined, metric: "main", search: "", order: "level", bounds: undefined };
const names = (wish: Partial<Wish>) => choose([noise("n1", 50, "久米川駅"), noise("n2", 90), air], { ...ALL, ...wish }).map((each) => each.entity.name);

describe("what is to be seen", () => {
  it("reads concise entities", () => {
    const one = noise("n1", 61.5, "久米川駅");
    expect([one.name, one.position, one.at]).toEqual(["久米川駅", [139.47, 35.75], Date.parse("2026-11-23T00:00:00Z")]);
    expect(see(one, "main")).toMatchObject({ attribute: "LAeq", level: 2, theme: "environment" });
    expect(see(one, "pm25")).toBeUndefined();
  });

  it("is ordered by how worrying it is, and narrowed down", () => {
    expect(names({})).toEqual(["a", "n2", "久米川駅"]);
    expect(names({ order: "name" })).toEqual(["久米川駅", "a", "n2"].sort(new Intl.Collator("ja").compare));
    expect(names({ search: "くめがわ" })).toEqual([]);
    expect(names({ search: "久米川" })).toEqual(["久米川駅"]);
    expect(names({ metric: "pm25" })).toEqual(["a"]);
    expect(names({ theme: "water" })).toEqual([]);
    expect(names({ bounds: [139, 35, 140, 36] })).toEqual(["n2", "久米川駅"]);
  });

  it("can be coloured by what is measured and has a scale", () => {
    const kinds = [
      { type: "AirQualityObserved", attributes: ["name", "pm25"] },
      { type: "NoiseLevelObserved", attributes: ["name", "LAeq"] },
      { type: "FloodMonitoring", attributes: ["currentLevel"] },
    ];
    const counts = new Map([["AirQualityObserved", 1], ["NoiseLevelObserved", 2]]);
    expect(metricsOf(kinds, counts, "all")).toEqual(["LAeq", "pm25"]);
    expect(metricsOf(kinds, counts, "water")).toEqual([]);
  });
});

it("a stream of events is read however it is cut", () => {
  const text = 'retry: 2000\n\n: heartbeat\nid: 7\n\nid: 8\nevent: change\ndata: {"a":1}\n\n';
  for (const size of [1, 7, text.length]) {
    const found: string[] = [];
    const parser = new EventParser((event) => found.push(`${event.id ?? ""} ${event.event} ${event.data}`));
    for (let at = 0; at < text.length; at += size) parser.take(text.slice(at, at + size));
    expect(found).toEqual(["7 message ", '8 change {"a":1}']);
  }
});

it("gaps stay gaps", () => {
  expect(showGaps([[0, 1], [10, 2], [20, 3], [200, 4]])).toEqual([[0, 1], [10, 2], [20, 3], [30, null], [200, 4]]);
  expect(withGaps([[0, 1], [100, 2]], 20)).toEqual([[0, 1], [10, null], [100, 2]]);
  const series = [{ label: "a", points: [[1000, 1], [3000, 3]] as const }, { label: "b", points: [[2000, 2]] as const }];
  expect(align(series)[0]).toEqual([1, 2, 3]);
});

it("periods are days of Japan", () => {
  const now = Date.parse("2026-11-23T20:00:00Z");
  expect(rangeOf("today", now)).toEqual({ from: Date.parse("2026-11-23T15:00:00Z"), to: Date.parse("2026-11-24T15:00:00Z") });
  expect(rangeOf("fy2026")?.from).toBe(Date.parse("2026-03-31T15:00:00Z"));
  expect(rangeOf("2026-11-01..2026-11-01")).toEqual({ from: Date.parse("2026-10-31T15:00:00Z"), to: Date.parse("2026-11-01T15:00:00Z") });
  expect(rangeOf("2026-11-02..2026-11-01")).toBeUndefined();
});

it("a cell is no formula", () => {
  expect([cell("=1+1"), cell('a"b,c'), cell(-3), cell(null)]).toEqual(["'=1+1", '"a""b,c"', "-3", ""]);
});

it("a login leads back to pages of ours only", () => {
  expect(["/history?x=1", "//evil.example", "https://evil.example", "/\\evil.example", "/login", null].map(safeNext)).toEqual(["/history?x=1", "/", "/", "/", "/", "/"]);
});
