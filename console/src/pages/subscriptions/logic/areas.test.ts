import { describe, expect, it } from "vitest";
import { distance, isIn, rectangle } from "./areas";

const STATION = [139.4656, 35.7604] as const;
const HALL = [139.4685, 35.7546] as const;

describe("areas on the map", () => {
  it("are circles in metres", () => {
    expect(distance(STATION, HALL)).toBeCloseTo(696, -1);
    const circle = { kind: "circle", longitude: STATION[0], latitude: STATION[1] } as const;
    expect(isIn({ ...circle, radius: 650 }, HALL)).toBe(false);
    expect(isIn({ ...circle, radius: 750 }, HALL)).toBe(true);
  });

  it("or what the map shows", () => {
    const area = rectangle([139.46, 35.75, 139.468, 35.77]);
    expect(area).toMatchObject({ corners: [[139.46, 35.75], [139.468, 35.75], [139.468, 35.77], [139.46, 35.77]] });
    expect(isIn(area, STATION)).toBe(true);
    expect(isIn(area, HALL)).toBe(false);
  });
});
