/** What the address says that is wanted (deep links), and what is kept of it for the next visit. */

import type { Bounds, View } from "../../components/MapView";
import { THEMES } from "../../format/names";
import type { Area, Wish } from "./seeing";

const STORED = "machi.live";
const KEPT = ["theme", "metric", "sort"] as const;

export function readWish(search: URLSearchParams, shown: Bounds | undefined): Wish {
  const theme = THEMES.find((each) => each === search.get("theme")) ?? "all";
  const order = (["level", "name", "newest"] as const).find((each) => each === search.get("sort")) ?? "level";
  return {
    theme,
    order,
    type: search.get("type") ?? undefined,
    metric: search.get("metric") ?? "main",
    search: search.get("q") ?? "",
    bounds: search.get("area") === "map" ? shown : readArea(search.get("area")),
  };
}

/** `west,south,east,north` */
export function readArea(text: string | null): Area | undefined {
  const found = (text ?? "").split(",").map((each) => (each.trim() === "" ? NaN : Number(each)));
  const [west, south, east, north] = found;
  if (found.length !== 4 || !found.every(Number.isFinite)) return undefined;
  if (west === undefined || south === undefined || east === undefined || north === undefined) return undefined;
  return west < east && south < north ? [west, south, east, north] : undefined;
}

export const writeArea = (area: Area): string => area.map((each) => each.toFixed(5)).join(",");

export function readView(search: URLSearchParams): View | undefined {
  const [latitude, longitude, zoom] = (search.get("at") ?? "").split(",").map(Number);
  const isThere = [latitude, longitude, zoom].every((each) => each !== undefined && Number.isFinite(each));
  return isThere && zoom !== undefined && zoom > 0 ? { latitude: latitude ?? 0, longitude: longitude ?? 0, zoom } : undefined;
}

export const writeView = (view: View): string => [view.latitude.toFixed(5), view.longitude.toFixed(5), view.zoom.toFixed(2)].join(",");

/** Keeps theme, colouring and order in this browser. */
export function keepWish(search: URLSearchParams): void {
  const kept = new URLSearchParams(KEPT.flatMap((name) => (search.has(name) ? [[name, search.get(name) ?? ""]] : [])));
  try {
    localStorage.setItem(STORED, kept.toString());
  } catch {
    // A browser that keeps nothing
  }
}

/** What was wanted the last time, for an address that says nothing. */
export function keptWish(): Record<string, string> {
  try {
    const kept = new URLSearchParams(localStorage.getItem(STORED) ?? "");
    return Object.fromEntries(KEPT.flatMap((name) => (kept.has(name) ? [[name, kept.get(name) ?? ""]] : [])));
  } catch {
    return {};
  }
}
