/** Drawing a rectangle by mouse, pen or finger, while the map holds still. */

import type { Map as MapLibre } from "maplibre-gl";
import type { Bounds } from "../MapView";

const LEAST = 6; // px: less is a press, not a rectangle

/** Lets the next drag draw a rectangle: `onChange` while it grows, `onEnd` when it is there. Gives how to stop it. */
export function drawRectangle(map: MapLibre, onChange: (area: Bounds | undefined) => void, onEnd: (area: Bounds) => void): () => void {
  const canvas = map.getCanvasContainer();
  let start: [number, number] | undefined;
  const at = (event: PointerEvent): [number, number] => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const areaTo = (event: PointerEvent): Bounds | undefined => {
    const end = at(event);
    if (start === undefined || Math.abs(end[0] - start[0]) < LEAST || Math.abs(end[1] - start[1]) < LEAST) return undefined;
    const [one, other] = [map.unproject(start), map.unproject(end)];
    return [Math.min(one.lng, other.lng), Math.min(one.lat, other.lat), Math.max(one.lng, other.lng), Math.max(one.lat, other.lat)];
  };
  const down = (event: PointerEvent) => {
    start = at(event);
    canvas.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent) => {
    if (start !== undefined) onChange(areaTo(event));
  };
  const up = (event: PointerEvent) => {
    const area = areaTo(event);
    start = undefined;
    if (area !== undefined) onEnd(area);
  };
  const handlers = [map.dragPan, map.touchZoomRotate, map.boxZoom];
  for (const handler of handlers) handler.disable();
  const before = [canvas.style.cursor, canvas.style.touchAction] as const;
  [canvas.style.cursor, canvas.style.touchAction] = ["crosshair", "none"];
  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", up);
  return () => {
    canvas.removeEventListener("pointerdown", down);
    canvas.removeEventListener("pointermove", move);
    canvas.removeEventListener("pointerup", up);
    [canvas.style.cursor, canvas.style.touchAction] = before;
    for (const handler of handlers) handler.enable();
    map.touchZoomRotate.disableRotation();
  };
}
