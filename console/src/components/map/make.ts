/** Makes a map in an element: where it begins, what it lets people do, what its buttons are called. */

import { AttributionControl, Map as MapLibre, NavigationControl, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import { SETTINGS } from "../../app/settings";
import type { Bounds, View } from "../MapView";
import { makeStyle } from "./style";
import { BOUNDS } from "./town";

setWorkerUrl(workerUrl); // a file of ours (content security policy)

const NARROW = "(width < 760px)";
const PADDING = 24;

interface Making {
  readonly element: HTMLElement;
  readonly view: View | undefined;
  readonly isDark: boolean;
  readonly label: string;
  readonly t: (key: string) => string;
}

export function makeMap({ element, view, isDark, label, t }: Making): MapLibre {
  const made = new MapLibre({
    container: element,
    style: makeStyle(isDark, SETTINGS.tiles),
    ...(view === undefined
      ? { bounds: toBox(BOUNDS), fitBoundsOptions: { padding: PADDING } }
      : { center: [view.longitude, view.latitude] as [number, number], zoom: view.zoom }),
    minZoom: 4,
    maxZoom: 19,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    cooperativeGestures: window.matchMedia(NARROW).matches,
    fadeDuration: 0,
    locale: wordsOf(label, t),
  });
  made.touchZoomRotate.disableRotation();
  made.keyboard.disableRotation();
  made.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
  if (SETTINGS.tiles !== undefined) made.addControl(new AttributionControl({ compact: false }), "bottom-left");
  return made;
}

export const fit = (map: MapLibre, bounds: Bounds): unknown => map.fitBounds(toBox(bounds), { padding: PADDING * 2, maxZoom: 15, animate: false });

const toBox = (bounds: Bounds): [number, number, number, number] => [...bounds] as [number, number, number, number];

const wordsOf = (label: string, t: (key: string) => string) => ({
  "Map.Title": label,
  "NavigationControl.ZoomIn": t("map.zoomIn"),
  "NavigationControl.ZoomOut": t("map.zoomOut"),
  "AttributionControl.ToggleAttribution": t("map.attribution"),
  "CooperativeGesturesHandler.WindowsHelpText": t("map.useCtrl"),
  "CooperativeGesturesHandler.MacHelpText": t("map.useCommand"),
  "CooperativeGesturesHandler.MobileHelpText": t("map.useTwoFingers"),
});
