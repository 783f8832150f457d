/** What a press on the map means: a point is chosen, a cluster opens, the ground lets go. */

import type { GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import { POINTS } from "./style";

const NEAR = 8; // px: a finger is wider than a dot
const LAYERS = ["dots", "clusters"];

export function listenToPresses(map: MapLibre, choose: (id: string | undefined) => void): void {
  map.on("click", ({ point: { x, y } }) => {
    const around: [[number, number], [number, number]] = [[x - NEAR, y - NEAR], [x + NEAR, y + NEAR]];
    const [first] = map.queryRenderedFeatures(around, { layers: LAYERS });
    const cluster: unknown = first?.properties.cluster_id;
    if (first === undefined) choose(undefined);
    else if (typeof cluster === "number") void openCluster(map, cluster, first.geometry);
    else choose(String(first.properties.id));
  });
  for (const layer of LAYERS) {
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
