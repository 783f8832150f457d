/** What lies in an area, near enough to show it on a map; what is notified, the API judges. */

import type { Area } from "./draft";

const EARTH = 6_371_008.8; // metres
const RADIANS = Math.PI / 180;

export type Position = readonly [longitude: number, latitude: number];

export function isIn(area: Area, position: Position): boolean {
  return area.kind === "circle" ? distance([area.longitude, area.latitude], position) <= area.radius : isInRing(area.corners, position);
}

/** Metres on the sphere. */
export function distance([longitude, latitude]: Position, [otherLongitude, otherLatitude]: Position): number {
  const [first, second] = [latitude * RADIANS, otherLatitude * RADIANS];
  const half =
    Math.sin((second - first) / 2) ** 2 +
    Math.cos(first) * Math.cos(second) * Math.sin(((otherLongitude - longitude) * RADIANS) / 2) ** 2;
  return 2 * EARTH * Math.asin(Math.min(1, Math.sqrt(half)));
}

function isInRing(ring: readonly Position[], [x, y]: Position): boolean {
  let isInside = false;
  ring.forEach(([x1, y1], index) => {
    const [x2, y2] = ring[(index + 1) % ring.length] ?? [x1, y1];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) isInside = !isInside;
  });
  return isInside;
}

const DECIMALS = 5; // about a metre

/** The corners of what a map shows. */
export function rectangle([west, south, east, north]: readonly [number, number, number, number]): Area {
  const round = (degrees: number) => Number(degrees.toFixed(DECIMALS));
  const [w, s, e, n] = [round(west), round(south), round(east), round(north)];
  return { kind: "polygon", corners: [[w, s], [e, s], [e, n], [w, n]] };
}
