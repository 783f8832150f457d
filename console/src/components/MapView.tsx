/**
 * A map of points coloured by level. The library is loaded when a map is shown; where the device has no WebGL, the page
 * goes on without it: whoever shows a map shows the same things as a list, too.
 */

import { Component, lazy, type ReactNode, Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { Level } from "../format/scales";
import styles from "./MapView.module.css";
import { EmptyState, Loading } from "./states";

export interface MapPoint {
  readonly id: string;
  readonly longitude: number;
  readonly latitude: number;
  readonly level: Level | null;
  /** Written beside the point, from near. */
  readonly text: string;
  readonly isStale: boolean;
}

export interface View {
  readonly longitude: number;
  readonly latitude: number;
  readonly zoom: number;
}

/** west, south, east, north */
export type Bounds = readonly [number, number, number, number];

export interface MapViewProps {
  /** What the map shows, and that the same is there as a list. */
  label: string;
  points: readonly MapPoint[];
  chosen?: string;
  /** `undefined`: nothing was hit. */
  onChoose: (id: string | undefined) => void;
  /** Where to begin; without it, the whole town. */
  view?: View;
  /** Also told where the map begins (`isFirst`). */
  onMove?: (view: View, bounds: Bounds, isFirst: boolean) => void;
  /** How much of its right side lies under something else, px: what is chosen is not shown there. */
  covered?: number;
  /** A rectangle that is outlined. */
  area?: Bounds;
  /** Given: the next drag draws a rectangle instead of moving the map. */
  onDraw?: (area: Bounds) => void;
}

const load = () => import("./map/MapCanvas");
const MapCanvas = lazy(load);

/** Asks for the library before the first point has come, for a page that is a map. */
export function preloadMap(): void {
  load().catch(() => undefined); // said where the map would be
}

export function MapView(props: MapViewProps) {
  const { t } = useTranslation();
  return (
    <div className={styles.map}>
      <NoMapBoundary fallback={<EmptyState icon="map" title={t("map.none.title")}>{t("map.none.text")}</EmptyState>}>
        <Suspense fallback={<Loading label={t("map.loading")} />}>
          <MapCanvas {...props} />
        </Suspense>
      </NoMapBoundary>
    </div>
  );
}

/** Whatever hinders the map (no WebGL, no network for its library), the page stays. */
class NoMapBoundary extends Component<{ children: ReactNode; fallback: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    return this.state.failed ? this.props.fallback : this.props.children;
  }
}
