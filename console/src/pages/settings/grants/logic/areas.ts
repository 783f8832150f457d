/** Areas as grants have them: rings of positions, from what a map shows or from a circle; near enough to show what lies inside. */

export type Position = readonly [longitude: number, latitude: number];
/** GeoJSON. */
export interface Geometry {
  readonly type: string;
  readonly coordinates: readonly unknown[];
}

const EARTH = 6_371_008.8; // metres
const RADIANS = Math.PI / 180;
const DECIMALS = 6; // about ten centimetres
const CORNERS = 48;

const round = (degrees: number): number => Number(degrees.toFixed(DECIMALS));

const polygon = (corners: readonly Position[]): Geometry => ({ type: "Polygon", coordinates: [[...corners, ...corners.slice(0, 1)]] });

export function rectangle([west, south, east, north]: readonly [number, number, number, number]): Geometry {
  const [w, s, e, n] = [round(west), round(south), round(east), round(north)];
  return polygon([[w, s], [e, s], [e, n], [w, n]]);
}

/** A circle of so many metres as a polygon: grants know no other shape. */
export function circle([longitude, latitude]: Position, metres: number): Geometry {
  const high = metres / EARTH / RADIANS;
  const wide = high / Math.cos(latitude * RADIANS);
  return polygon(
    Array.from({ length: CORNERS }, (_, index) => {
      const angle = (2 * Math.PI * index) / CORNERS;
      return [round(longitude + wide * Math.cos(angle)), round(latitude + high * Math.sin(angle))] as const;
    }),
  );
}

/** Whether a position lies in an area. Holes count as outside. */
export function isIn(area: Geometry, position: Position): boolean {
  const polygons = (area.type === "MultiPolygon" ? area.coordinates : [area.coordinates]) as readonly (readonly (readonly Position[])[])[];
  return polygons.some(([outer, ...holes]) => outer !== undefined && isInRing(outer, position) && !holes.some((hole) => isInRing(hole, position)));
}

function isInRing(ring: readonly Position[], [x, y]: Position): boolean {
  let isInside = false;
  ring.forEach(([x1, y1], index) => {
    const [x2, y2] = ring[(index + 1) % ring.length] ?? [x1, y1];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) isInside = !isInside;
  });
  return isInside;
}
