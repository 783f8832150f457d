/** The map itself: MapLibre GL, loaded only where there is a map. */

import "maplibre-gl/dist/maplibre-gl.css";

import type { Map as MapLibre } from "maplibre-gl";
import { type RefObject, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useIsDark } from "../../app/theme";
import type { Bounds, MapViewProps, View } from "../MapView";
import styles from "../MapView.module.css";
import { Drawing, goTo, markArea, markChosen, useFirstFit } from "./drawing";
import { makeMap } from "./make";
import { listenToPresses } from "./presses";
import { drawRectangle } from "./rectangle";

export default function MapCanvas(props: MapViewProps) {
  const { points, chosen, area, onDraw, view } = props;
  const holder = useRef<HTMLDivElement>(null);
  const { map, drawing, ready } = useMap(holder, props);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  const point = chosen === undefined ? undefined : points.find((each) => each.id === chosen);
  const isThere = point !== undefined;

  useEffect(() => {
    if (ready > 0) drawing.current?.show(points);
  }, [points, ready, drawing]);
  useEffect(() => {
    if (map.current !== null && ready > 0) markChosen(map.current, point);
  }, [point, ready, map]);
  useEffect(() => {
    if (map.current !== null && ready > 0) markArea(map.current, area);
  }, [area, ready, map]);
  useEffect(() => {
    const found = latest.current.points.find((each) => each.id === chosen);
    if (map.current !== null && found !== undefined) goTo(map.current, found, latest.current.covered ?? 0);
  }, [chosen, isThere, map]);
  useFirstFit(map, points, view !== undefined);
  useRectangle(map, ready, onDraw !== undefined, latest);

  return <div ref={holder} className={styles.canvas} data-testid="map" />;
}

/** Makes the map, anew for another theme or language; `ready` counts how often it was. */
function useMap(holder: RefObject<HTMLDivElement | null>, props: MapViewProps) {
  const { t, i18n } = useTranslation();
  const map = useRef<MapLibre>(null);
  const drawing = useRef<Drawing>(null);
  const last = useRef<View | undefined>(props.view);
  const [ready, setReady] = useState(0);
  const isDark = useIsDark();
  const language = i18n.resolvedLanguage;
  const { label } = props;
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const made = makeMap({ element, isDark, label, t, view: last.current });
    map.current = made;
    drawing.current = new Drawing(made);
    const tell = (isFirst: boolean) => {
      last.current = viewOf(made);
      latest.current.onMove?.(last.current, boundsOf(made), isFirst);
    };
    // Points are given to the map as soon as it has somewhere to put them, not after its ground has been drawn
    made.on("style.load", () => setReady((count) => count + 1));
    made.on("load", () => {
      element.dataset.ready = "true";
      tell(true);
    });
    made.on("moveend", () => tell(false));
    listenToPresses(made, (id) => {
      if (latest.current.onDraw === undefined) latest.current.onChoose(id);
    });
    return () => {
      drawing.current?.stop();
      made.remove();
      map.current = null;
    };
  }, [holder, isDark, language, label, t]);
  return { map, drawing, ready };
}

function viewOf(map: MapLibre): View {
  const { lng, lat } = map.getCenter();
  return { longitude: lng, latitude: lat, zoom: map.getZoom() };
}

function boundsOf(map: MapLibre): Bounds {
  const bounds = map.getBounds();
  return [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
}

function useRectangle(map: RefObject<MapLibre | null>, ready: number, isDrawing: boolean, latest: RefObject<MapViewProps>): void {
  useEffect(() => {
    const shown = map.current;
    if (shown === null || !isDrawing || ready === 0) return;
    return drawRectangle(
      shown,
      (area) => markArea(shown, area),
      (area) => latest.current.onDraw?.(area),
    );
  }, [map, ready, isDrawing, latest]);
}
