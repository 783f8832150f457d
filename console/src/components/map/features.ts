/** Points as the map's source has them, and what has changed between two drawings. Pure. */

import type { Feature, Point, Polygon } from "geojson";
import type { GeoJSONSourceDiff } from "maplibre-gl";
import type { Bounds, MapPoint } from "../MapView";

/** Where more than this part has changed, all is given anew: that costs less than so many single changes. */
const MOST_PART = 0.5;

export function featureOf(point: MapPoint): Feature<Point> {
  return {
    type: "Feature",
    properties: propertiesOf(point),
    geometry: { type: "Point", coordinates: [point.longitude, point.latitude] },
  };
}

const propertiesOf = (point: MapPoint) => ({ id: point.id, level: point.level ?? -1, text: point.text, stale: point.isStale ? 1 : 0 });

export function rectangleOf([west, south, east, north]: Bounds): Feature<Polygon> {
  const ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
  return { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [ring] } };
}

/** What has changed since the last drawing; `all` where that is so much that everything should be given anew; undefined: nothing. */
export function changesOf(before: ReadonlyMap<string, MapPoint>, points: readonly MapPoint[]): GeoJSONSourceDiff | "all" | undefined {
  const add: Feature[] = [];
  const update: NonNullable<GeoJSONSourceDiff["update"]> = [];
  let found = 0;
  for (const point of points) {
    const known = before.get(point.id);
    if (known !== undefined) found += 1;
    if (known === undefined) add.push(featureOf(point));
    else if (!isSame(known, point)) update.push(updateOf(known, point));
  }
  const isFewer = found < before.size;
  if (add.length + update.length === 0 && !isFewer) return undefined;
  if (add.length + update.length > points.length * MOST_PART) return "all";
  const remove = isFewer ? missingFrom(before, points) : [];
  return { add, update, remove };
}

const isSame = (one: MapPoint, other: MapPoint): boolean =>
  one === other ||
  (one.level === other.level && one.text === other.text && one.isStale === other.isStale && isAtSamePlace(one, other));

const isAtSamePlace = (one: MapPoint, other: MapPoint): boolean => one.longitude === other.longitude && one.latitude === other.latitude;

function updateOf(before: MapPoint, point: MapPoint): NonNullable<GeoJSONSourceDiff["update"]>[number] {
  const { level, text, stale } = propertiesOf(point);
  const addOrUpdateProperties = [
    { key: "level", value: level },
    { key: "text", value: text },
    { key: "stale", value: stale },
  ];
  if (isAtSamePlace(before, point)) return { id: point.id, addOrUpdateProperties };
  return { id: point.id, addOrUpdateProperties, newGeometry: featureOf(point).geometry };
}

function missingFrom(before: ReadonlyMap<string, MapPoint>, points: readonly MapPoint[]): string[] {
  const there = new Set(points.map((point) => point.id));
  return [...before.keys()].filter((id) => !there.has(id));
}

/** The rectangle around all points; undefined where there is none. */
export function boundsOf(points: readonly MapPoint[]): Bounds | undefined {
  const [first] = points;
  if (first === undefined) return undefined;
  let [west, south, east, north] = [first.longitude, first.latitude, first.longitude, first.latitude];
  for (const { longitude, latitude } of points) {
    west = Math.min(west, longitude);
    east = Math.max(east, longitude);
    south = Math.min(south, latitude);
    north = Math.max(north, latitude);
  }
  return [west, south, east, north];
}
