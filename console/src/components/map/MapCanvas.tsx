/** The map itself: MapLibre GL, loaded only where there is a map. Its worker is a file of ours (content security policy). */

import "maplibre-gl/dist/maplibre-gl.css";

import { AttributionControl, type GeoJSONSource, Map as MapLibre, NavigationControl, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { SETTINGS } from "../../app/settings";
import { useIsDark } from "../../app/theme";
import type { MapPoint, MapViewProps, View } from "../MapView";
import styles from "../MapView.module.css";
import { makeStyle, POINTS } from "./style";
import { BOUNDS } from "./town";

setWorkerUrl(workerUrl);

const REDRAW_MS = 900;
const CLOSE_ZOOM = 15;
const NARROW = "(width < 760px)";

export default function MapCanvas({ points, chosen, onChoose, view, onMove, label }: MapViewProps) {
  const { t, i18n } = useTranslation();
  const holder = useRef<HTMLDivElement>(null);
  const map = useRef<MapLibre>(null);
  const last = useRef<View | undefined>(view);
  const isDark = useIsDark();
  const language = i18n.resolvedLanguage;
  const latest = useRef({ points, chosen, onChoose, onMove });
  useEffect(() => {
    latest.current = { points, chosen, onChoose, onMove };
  });

  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const start = last.current;
    const made = new MapLibre({
      container: element,
      style: makeStyle(isDark, SETTINGS.tiles),
      ...(start === undefined
        ? { bounds: [...BOUNDS] as [number, number, number, number], fitBoundsOptions: { padding: 24 } }
        : { center: [start.longitude, start.latitude] as [number, number], zoom: start.zoom }),
      minZoom: 8,
      maxZoom: 19,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      cooperativeGestures: window.matchMedia(NARROW).matches,
      fadeDuration: 0,
      locale: {
        "Map.Title": label,
        "NavigationControl.ZoomIn": t("map.zoomIn"),
        "NavigationControl.ZoomOut": t("map.zoomOut"),
        "AttributionControl.ToggleAttribution": t("map.attribution"),
        "CooperativeGesturesHandler.WindowsHelpText": t("map.useCtrl"),
        "CooperativeGesturesHandler.MacHelpText": t("map.useCommand"),
        "CooperativeGesturesHandler.MobileHelpText": t("map.useTwoFingers"),
      },
    });
    map.current = made;
    made.touchZoomRotate.disableRotation();
    made.keyboard.disableRotation();
    made.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
    if (SETTINGS.tiles !== undefined) made.addControl(new AttributionControl({ compact: false }), "bottom-left");
    made.on("load", () => {
      draw(made, latest.current.points);
      mark(made, latest.current.points, latest.current.chosen);
      element.dataset.ready = "true";
    });
    made.on("moveend", () => {
      const centre = made.getCenter();
      const bounds = made.getBounds();
      last.current = { longitude: centre.lng, latitude: centre.lat, zoom: made.getZoom() };
      latest.current.onMove?.(last.current, [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()]);
    });
    listenToPresses(made, (id) => latest.current.onChoose(id));
    return () => {
      made.remove();
      map.current = null;
    };
  }, [isDark, language, label, t]);

  useRedraw(map, points);

  useEffect(() => {
    const shown = map.current;
    if (shown?.isStyleLoaded() !== true) return;
    mark(shown, points, chosen);
  }, [points, chosen]);

  useEffect(() => {
    const shown = map.current;
    const point = latest.current.points.find((each) => each.id === chosen);
    if (shown === null || point === undefined || shown.getBounds().contains([point.longitude, point.latitude])) return;
    shown.easeTo({ center: [point.longitude, point.latitude], zoom: Math.max(shown.getZoom(), CLOSE_ZOOM) });
  }, [chosen]);

  return <div ref={holder} className={styles.canvas} data-testid="map" />;
}

/** Draws changed points, not more often than every `REDRAW_MS`: clustering ten thousand takes its worker a while. */
function useRedraw(map: { readonly current: MapLibre | null }, points: readonly MapPoint[]): void {
  const drawnAt = useRef(0);
  useEffect(() => {
    const timer = setTimeout(
      () => {
        const shown = map.current;
        if (shown?.getSource(POINTS) === undefined) return;
        drawnAt.current = performance.now();
        draw(shown, points);
      },
      Math.max(0, drawnAt.current + REDRAW_MS - performance.now()),
    );
    return () => clearTimeout(timer);
  }, [map, points]);
}

function draw(map: MapLibre, points: readonly MapPoint[]): void {
  const source = map.getSource<GeoJSONSource>(POINTS);
  void source?.setData({ type: "FeatureCollection", features: points.map(featureOf) });
}

function mark(map: MapLibre, points: readonly MapPoint[], chosen: string | undefined): void {
  const point = points.find((each) => each.id === chosen);
  const source = map.getSource<GeoJSONSource>("chosen");
  void source?.setData({ type: "FeatureCollection", features: point === undefined ? [] : [featureOf(point)] });
}

function featureOf(point: MapPoint) {
  return {
    type: "Feature" as const,
    properties: { id: point.id, level: point.level ?? -1, text: point.text, stale: point.isStale ? 1 : 0 },
    geometry: { type: "Point" as const, coordinates: [point.longitude, point.latitude] },
  };
}

const NEAR = 8; // px: a finger is wider than a dot

function listenToPresses(map: MapLibre, choose: (id: string | undefined) => void): void {
  map.on("click", (event) => {
    const { x, y } = event.point;
    const found = map.queryRenderedFeatures(
      [
        [x - NEAR, y - NEAR],
        [x + NEAR, y + NEAR],
      ],
      { layers: ["dots", "clusters"] },
    );
    const [first] = found;
    if (first === undefined) { choose(undefined); return; }
    const cluster: unknown = first.properties.cluster_id;
    if (typeof cluster === "number") void openCluster(map, cluster, first.geometry);
    else choose(String(first.properties.id));
  });
  for (const layer of ["dots", "clusters"]) {
    map.on("mouseenter", layer, () => {
      map.getCanvas().style.cursor = "pointer";
    });
    map.on("mouseleave", layer, () => {
      map.getCanvas().style.cursor = "";
    });
  }
}

async function openCluster(map: MapLibre, cluster: number, geometry: unknown): Promise<void> {
  const zoom = await map.getSource<GeoJSONSource>(POINTS)?.getClusterExpansionZoom(cluster);
  map.easeTo({ center: (geometry as { coordinates: [number, number] }).coordinates, zoom: (zoom ?? map.getZoom() + 2) + 0.2 });
}
