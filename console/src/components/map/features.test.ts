import { describe, expect, it } from "vitest";
import type { MapPoint } from "../MapView";
import { boundsOf, changesOf, featureOf, rectangleOf } from "./features";

const point = (id: string, more: Partial<MapPoint> = {}): MapPoint => ({ id, longitude: 139.4, latitude: 35.7, level: 1, text: "1", isStale: false, ...more });
const known = (...points: MapPoint[]) => new Map(points.map((each) => [each.id, each]));
const [a, b, c, d] = [point("a"), point("b"), point("c"), point("d")];

describe("what has changed on the map", () => {
  it("is nothing, where nothing has", () => {
    expect(changesOf(known(a, b), [a, { ...b }])).toBeUndefined();
  });

  it("is told by itself, where it is little", () => {
    const moved = point("b", { latitude: 35.8, text: "2" });
    expect(changesOf(known(a, b, c, point("e")), [a, moved, c, d])).toEqual({
      add: [featureOf(d)],
      update: [
        {
          id: "b",
          addOrUpdateProperties: [
            { key: "level", value: 1 },
            { key: "text", value: "2" },
            { key: "stale", value: 0 },
          ],
          newGeometry: { type: "Point", coordinates: [139.4, 35.8] },
        },
      ],
      remove: ["e"],
    });
  });

  it("is everything, where it is much", () => {
    expect(changesOf(new Map(), [a])).toBe("all");
    expect(changesOf(known(a, b), [point("a", { text: "9" }), point("b", { text: "9" })])).toBe("all");
  });
});

it("has bounds", () => {
  expect(boundsOf([])).toBeUndefined();
  expect(boundsOf([a, point("x", { longitude: 138, latitude: 36 })])).toEqual([138, 35.7, 139.4, 36]);
  expect(rectangleOf([1, 2, 3, 4]).geometry.coordinates[0]).toHaveLength(5);
});
