// @vitest-environment happy-dom

import { describe, expect, it } from "vitest";
import { askForTheRest, asksOf, followedAttributes, type Kind } from "./asking";
import { offsetsAfterFirst, runAll } from "./loading";
import { rankNames } from "./ranks";
import { readArea, readWish, writeArea } from "./wishes";

const AIR: Kind = { type: "AirQualityObserved", attributes: ["location", "name", "no2", "pm25", "relativeHumidity", "refDevice"] };
const RIVER: Kind = { type: "FloodMonitoring", attributes: ["alertLevel", "currentLevel", "dangerLevel", "location", "name"] };
const UNKNOWN: Kind = { type: "Beehive", attributes: ["weight"] };

describe("what is asked of the town", () => {
  it("is what the map and the list show, no more", () => {
    expect(asksOf([AIR, RIVER, UNKNOWN], "main")).toEqual([
      { type: "AirQualityObserved", attributes: ["name", "location", "pm25"] },
      { type: "FloodMonitoring", attributes: ["name", "location", "currentLevel", "alertLevel", "dangerLevel"] },
      { type: "Beehive" },
    ]);
    expect(asksOf([AIR], "relativeHumidity")[0]?.attributes).toEqual(["name", "location", "pm25", "relativeHumidity"]);
  });

  it("makes up for places without the usual value", () => {
    expect(askForTheRest(AIR)).toEqual({ missing: "pm25", q: "!pm25", attributes: ["name", "location", "no2"] });
    expect(askForTheRest(RIVER)).toBeUndefined();
    expect(askForTheRest(UNKNOWN)).toBeUndefined();
  });

  it("is followed with all that may stand for a place; whole, where a kind is unknown", () => {
    expect(followedAttributes([AIR, RIVER], "main")).toEqual(["name", "location", "pm25", "no2", "currentLevel", "alertLevel", "dangerLevel"]);
    expect(followedAttributes([AIR, UNKNOWN], "main")).toBeUndefined();
  });

  it("comes in a small page first, then in large ones, a few at a time", async () => {
    expect(offsetsAfterFirst(150)).toEqual([]);
    expect(offsetsAfterFirst(2_500)).toEqual([200, 1_200, 2_200]);
    let [running, most] = [0, 0];
    const work = async () => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
    };
    await runAll(Array.from({ length: 12 }, () => work));
    expect([running, most]).toEqual([0, 4]);
  });
});

it("names have ranks in the order of the language, also those that come later", () => {
  const first = rankNames(["い2", "い10", "あ"]);
  expect(["い2", "い10", "あ"].map((name) => first.get(name))).toEqual([1, 2, 0]);
  const later = rankNames(["う", "い3"]);
  const order = ["あ", "い2", "い3", "い10", "う"].map((name) => later.get(name) ?? -1);
  expect([...order].sort((one, other) => one - other)).toEqual(order);
});

it("an area is read from the address as it was written", () => {
  expect(readArea(writeArea([139.4, 35.7, 139.5, 35.8]))).toEqual([139.4, 35.7, 139.5, 35.8]);
  expect([null, "draw", "1,2,3", "2,2,1,3", "1,2,,4"].map(readArea)).toEqual([undefined, undefined, undefined, undefined, undefined]);
  const shown = [1, 2, 3, 4] as const;
  expect(readWish(new URLSearchParams("area=map&theme=water&sort=name"), shown)).toMatchObject({ bounds: shown, theme: "water", order: "name" });
  expect(readWish(new URLSearchParams("theme=nothing"), shown)).toMatchObject({ bounds: undefined, theme: "all", order: "level" });
});
