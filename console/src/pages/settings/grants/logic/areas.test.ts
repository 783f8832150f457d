import { describe, expect, it } from "vitest";
import { circle, isIn, rectangle } from "./areas";

describe("areas", () => {
  const town = rectangle([139.45, 35.74, 139.47, 35.76]);

  it("are closed rings, and tell what lies inside", () => {
    const [ring] = town.coordinates as number[][][];
    expect(ring?.[0]).toEqual(ring?.at(-1));
    expect([isIn(town, [139.46, 35.75]), isIn(town, [139.48, 35.75])]).toEqual([true, false]);
  });

  it("are circles of so many metres", () => {
    const around = circle([139.46, 35.75], 500);
    // A degree of latitude is 111.2 km, one of longitude here 90.2 km
    expect([isIn(around, [139.46, 35.75 + 0.0044]), isIn(around, [139.46, 35.75 + 0.0046])]).toEqual([true, false]);
    expect([isIn(around, [139.46 + 0.0054, 35.75]), isIn(around, [139.46 + 0.0057, 35.75])]).toEqual([true, false]);
  });

  it("may be several, with holes", () => {
    const outer = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]];
    const hole = [[1, 1], [2, 1], [2, 2], [1, 2], [1, 1]];
    const several = { type: "MultiPolygon", coordinates: [[outer, hole], [[[9, 9], [10, 9], [10, 10], [9, 9]]]] };
    expect([isIn(several, [3, 3]), isIn(several, [1.5, 1.5]), isIn(several, [9.8, 9.5])]).toEqual([true, false, true]);
  });
});
