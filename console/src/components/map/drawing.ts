/** Draws points into the map's sources: only what has changed, and not more often than the map can show. */

import type { GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import { type RefObject, useEffect, useRef } from "react";
import type { Bounds, MapPoint } from "../MapView";
import { boundsOf, changesOf, featureOf, rectangleOf } from "./features";
import { fit } from "./make";
import { AREA, CHOSEN, POINTS } from "./style";

const REDRAW_MS = 900;
const CLOSE_ZOOM = 15;

/** Of one map: what is drawn, and when. */
export class Drawing {
  private drawn = new Map<string, MapPoint>();
  private wanted: readonly MapPoint[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isBusy = false;
  private drawnAt = -Infinity;
  private readonly map: MapLibre;

  constructor(map: MapLibre) {
    this.map = map;
  }

  /** Shows these points, as soon as the last ones are shown. */
  show(points: readonly MapPoint[]): void {
    this.wanted = points;
    if (this.isBusy || this.timer !== undefined) return;
    this.timer = setTimeout(() => void this.draw(), Math.max(0, this.drawnAt + REDRAW_MS - performance.now()));
  }

  stop(): void {
    clearTimeout(this.timer);
    this.isBusy = true;
  }

  private async draw(): Promise<void> {
    this.timer = undefined;
    const points = this.wanted;
    const source = this.map.getSource<GeoJSONSource>(POINTS);
    const changes = changesOf(this.drawn, points);
    if (source === undefined || changes === undefined) return;
    this.isBusy = true;
    this.drawnAt = performance.now();
    this.drawn = new Map(points.map((point) => [point.id, point]));
    if (changes === "all") await source.setData({ type: "FeatureCollection", features: points.map(featureOf) });
    else await source.updateData(changes);
    void this.map.once("idle", () => {
      this.map.getContainer().dataset.points = String(points.length); // drawn, all of them
    });
    this.isBusy = false;
    if (this.wanted !== points) this.show(this.wanted);
  }
}

export function markChosen(map: MapLibre, point: MapPoint | undefined): void {
  void map.getSource<GeoJSONSource>(CHOSEN)?.setData({ type: "FeatureCollection", features: point === undefined ? [] : [featureOf(point)] });
}

export function markArea(map: MapLibre, area: Bounds | undefined): void {
  void map.getSource<GeoJSONSource>(AREA)?.setData({ type: "FeatureCollection", features: area === undefined ? [] : [rectangleOf(area)] });
}

/** Goes to a point that is out of sight, or under what covers the right side. */
export function goTo(map: MapLibre, point: MapPoint, covered: number): void {
  const at = map.project([point.longitude, point.latitude]);
  const { clientWidth, clientHeight } = map.getContainer();
  const free = Math.max(clientWidth - covered, clientWidth / 3);
  if (at.x > 0 && at.x < free && at.y > 0 && at.y < clientHeight) return;
  const isInSight = map.getBounds().contains([point.longitude, point.latitude]);
  const zoom = isInSight ? map.getZoom() : Math.max(map.getZoom(), CLOSE_ZOOM);
  map.easeTo({ center: [point.longitude, point.latitude], zoom, offset: [(free - clientWidth) / 2, 0] });
}

/** Where nothing of what is shown lies in sight (a town elsewhere), the map goes there, once. */
export function useFirstFit(map: RefObject<MapLibre | null>, points: readonly MapPoint[], isAsked: boolean): void {
  const isDone = useRef(isAsked);
  useEffect(() => {
    if (isDone.current || map.current === null || points.length === 0) return;
    isDone.current = true;
    const shown = map.current.getBounds();
    const bounds = boundsOf(points);
    if (bounds !== undefined && !points.some((point) => shown.contains([point.longitude, point.latitude]))) fit(map.current, bounds);
  }, [map, points, isAsked]);
}
