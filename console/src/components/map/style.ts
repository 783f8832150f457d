/** The map's style, made here: no style, font or sprite is fetched. With tiles, they lie under the points. */

import type { FilterSpecification, LayerSpecification, SourceSpecification, StyleSpecification } from "maplibre-gl";
import type { ConsoleSettings } from "../../app/settings";
import { isJapanese } from "../../format/language";
import { attributionOf } from "./attribution";
import { OUTLINE, RAILWAYS, RIVERS, STATIONS } from "./town";

export const POINTS = "points";
export const CHOSEN = "chosen";
export const AREA = "area";
export const CLUSTER_MAX_ZOOM = 13;
const FONT = ["Noto Sans JP, Hiragino Sans, Yu Gothic UI, Meiryo, Noto Sans CJK JP, sans-serif"];

interface Colours {
  ground: string;
  town: string;
  edge: string;
  water: string;
  rail: string;
  grid: string;
  text: string;
  halo: string;
  accent: string;
  levels: readonly string[];
  none: string;
}

const LIGHT: Colours = {
  ground: "#e9edf1",
  town: "#fbfbf8",
  edge: "#8592a3",
  water: "#9cc7e0",
  rail: "#b4aea4",
  grid: "#d3dae2",
  text: "#3c4654",
  halo: "#ffffff",
  accent: "#0017c1",
  levels: ["#1f7a4d", "#3f7fbf", "#b87a00", "#c74700", "#a3123a"],
  none: "#6b7480",
};
const DARK: Colours = {
  ground: "#10151b",
  town: "#1c242d",
  edge: "#66768a",
  water: "#27506b",
  rail: "#4c5560",
  grid: "#222c37",
  text: "#c6d0dc",
  halo: "#10151b",
  accent: "#9db7f9",
  levels: ["#4cc38a", "#6fb1f2", "#f2c14e", "#ff8d44", "#ff6b8f"],
  none: "#98a2af",
};

const line = (lines: readonly (readonly (readonly [number, number])[])[]) => ({
  type: "Feature" as const,
  properties: {},
  geometry: { type: "MultiLineString" as const, coordinates: lines.map((each) => each.map(([x, y]) => [x, y])) },
});

const WORLD = [[-180, -85], [180, -85], [180, 85], [-180, 85], [-180, -85]];

/** Lines of longitude and latitude, one minute of arc apart. */
function graticule(): number[][][] {
  const lines: number[][][] = [];
  for (let minute = 0; minute <= 12; minute += 1) {
    const [longitude, latitude] = [139 + 20 / 60 + minute / 60, 35 + 40 / 60 + minute / 60];
    lines.push([[longitude, 35.66], [longitude, 35.86]], [[139.33, latitude], [139.6, latitude]]);
  }
  return lines;
}

function groundSources(tiles: ConsoleSettings["tiles"]): Record<string, SourceSpecification> {
  if (tiles !== undefined) {
    return {
      tiles: { type: "raster", tiles: [tiles.url], tileSize: 256, maxzoom: tiles.maxzoom, attribution: attributionOf(tiles.url, tiles.attribution) },
    };
  }
  const stations = STATIONS.map((station) => ({
    type: "Feature" as const,
    properties: { name: isJapanese() ? station.ja : station.en },
    geometry: { type: "Point" as const, coordinates: [...station.at] },
  }));
  return {
    grid: { type: "geojson", data: { type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates: graticule() } } },
    town: { type: "geojson", data: { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [OUTLINE.map(([x, y]) => [x, y])] } } },
    around: { type: "geojson", data: { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [WORLD, OUTLINE.map(([x, y]) => [x, y])] } } },
    rivers: { type: "geojson", data: line(RIVERS) },
    railways: { type: "geojson", data: line(RAILWAYS) },
    stations: { type: "geojson", data: { type: "FeatureCollection", features: stations } },
  };
}

function groundLayers(colours: Colours, tiles: ConsoleSettings["tiles"], isDark: boolean): LayerSpecification[] {
  if (tiles !== undefined) {
    const paint = isDark ? { "raster-brightness-max": 0.55, "raster-saturation": -0.6 } : { "raster-saturation": -0.3 };
    return [{ id: "tiles", type: "raster", source: "tiles", paint }];
  }
  const round = { "line-cap": "round", "line-join": "round" } as const;
  return [
    { id: "town", type: "fill", source: "town", paint: { "fill-color": colours.town } },
    { id: "grid", type: "line", source: "grid", paint: { "line-color": colours.grid, "line-width": 1 } },
    { id: "rivers", type: "line", source: "rivers", layout: round, paint: { "line-color": colours.water, "line-width": 3 } },
    { id: "railways", type: "line", source: "railways", layout: round, paint: { "line-color": colours.rail, "line-width": 2.5 } },
    // What leaves the town fades: its lines are drawn only as far as they help to find one's way
    { id: "around", type: "fill", source: "around", paint: { "fill-color": colours.ground, "fill-opacity": 0.72, "fill-antialias": false } },
    { id: "edge", type: "line", source: "town", layout: round, paint: { "line-color": colours.edge, "line-width": 2, "line-dasharray": [3, 2] } },
    { id: "stations", type: "circle", source: "stations", paint: { "circle-radius": 4, "circle-color": colours.town, "circle-stroke-color": colours.rail, "circle-stroke-width": 2 } },
    {
      id: "station-names",
      type: "symbol",
      source: "stations",
      layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": 12, "text-offset": [0, -1.1] },
      paint: { "text-color": colours.text, "text-halo-color": colours.halo, "text-halo-width": 1.5, "text-opacity": 0.85 },
    },
  ];
}

/** The colour of a level (-1: none) that a point or the worst of a cluster has. */
const colourOf = (colours: Colours, name: string): unknown => [
  "match",
  ["get", name],
  ...colours.levels.flatMap((colour, level) => [level, colour]),
  colours.none,
];

const IS_CLUSTER: FilterSpecification = ["has", "point_count"];
const IS_POINT: FilterSpecification = ["!", ["has", "point_count"]];

function pointLayers(colours: Colours): LayerSpecification[] {
  const stroke = { "circle-stroke-color": colours.halo, "circle-stroke-width": 2 };
  return [
    { id: "area", type: "line", source: AREA, paint: { "line-color": colours.accent, "line-width": 2.5, "line-dasharray": [4, 2] } },
    ...clusterLayers(colours, stroke),
    {
      id: "dots",
      type: "circle",
      source: POINTS,
      filter: IS_POINT,
      layout: { "circle-sort-key": ["get", "level"] },
      paint: {
        ...stroke,
        "circle-color": colourOf(colours, "level") as string,
        // Larger where it is more worrying: not by colour alone
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 10, ["+", 4, ["max", 0, ["get", "level"]]], 15, ["+", 8, ["max", 0, ["get", "level"]]]],
        "circle-opacity": ["case", ["==", ["get", "stale"], 1], 0.45, 1],
      },
    },
    {
      id: "chosen",
      type: "circle",
      source: CHOSEN,
      paint: { "circle-color": "transparent", "circle-radius": 17, "circle-stroke-color": colours.accent, "circle-stroke-width": 4 },
    },
    valueLayer(colours),
  ];
}

/** Points that lie on each other: how many, in the colour of the worst. */
function clusterLayers(colours: Colours, stroke: object): LayerSpecification[] {
  return [
    {
      id: "clusters",
      type: "circle",
      source: POINTS,
      filter: IS_CLUSTER,
      paint: {
        ...stroke,
        "circle-color": colourOf(colours, "worst") as string,
        "circle-radius": ["interpolate", ["linear"], ["log10", ["get", "point_count"]], 0.3, 14, 2, 24, 4, 38],
        "circle-opacity": 0.92,
      },
    },
    {
      id: "cluster-counts",
      type: "symbol",
      source: POINTS,
      filter: IS_CLUSTER,
      layout: { "text-field": ["get", "point_count_abbreviated"], "text-font": FONT, "text-size": 13, "text-allow-overlap": true },
      paint: { "text-color": colours.halo },
    },
  ];
}

function valueLayer(colours: Colours): LayerSpecification {
  return {
    id: "values",
    type: "symbol",
    source: POINTS,
    filter: IS_POINT,
    minzoom: 12,
    layout: {
      "text-field": ["get", "text"],
      "text-font": FONT,
      "text-size": 12,
      "text-offset": [0, 1.5],
      "text-optional": true,
      "symbol-sort-key": ["-", 0, ["get", "level"]],
    },
    paint: { "text-color": colours.text, "text-halo-color": colours.halo, "text-halo-width": 2 },
  };
}

export function makeStyle(isDark: boolean, tiles: ConsoleSettings["tiles"]): StyleSpecification {
  const colours = isDark ? DARK : LIGHT;
  const empty = { type: "FeatureCollection" as const, features: [] };
  return {
    version: 8,
    sources: {
      ...groundSources(tiles),
      [POINTS]: {
        type: "geojson",
        data: empty,
        promoteId: "id", // changed points are told by it
        cluster: true,
        clusterRadius: 42,
        clusterMaxZoom: CLUSTER_MAX_ZOOM,
        clusterProperties: { worst: ["max", ["get", "level"]] },
      },
      [CHOSEN]: { type: "geojson", data: empty },
      [AREA]: { type: "geojson", data: empty },
    },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": colours.ground } },
      ...groundLayers(colours, tiles, isDark),
      ...pointLayers(colours),
    ],
  };
}
