/** What is drawn over the curves: level lines, markers, and the name of each curve at its end. */

import type uPlot from "uplot";
import { drawShape, shapeAt } from "./marker";
import type { ChartMark, ChartSeries } from "./model";
import { spread } from "./spread";

const LABEL_REM = 0.75;
const MARK_REM = 0.6875;
const LINE_REM = 0.94;
const MARKER_PX = 3.5;
const BETWEEN_MARKERS = 70; // px
const LONGEST = 16; // signs of a name beside its curve
const MOST_NAMES = 12;
const NAME_FROM_PX = 10;
const RIM_PX = 5;
export const LABELLED_FROM = 560; // px of width: a phone has no room beside the curves

/** Letters grow with those of the page, which are larger on very large screens. In px. */
export const remPx = (rem: number): number => rem * parseFloat(getComputedStyle(document.documentElement).fontSize);

/** A name short enough to stand beside its curve. */
export const shortened = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);

/** Room at the right for the names of the curves, in px; 0 where they have none. */
export function roomForNames(series: readonly ChartSeries[], width: number, height: number, font: string): number {
  const lines = series.filter((one) => one.kind !== "bars");
  if (lines.length < 2 || lines.length > Math.min(MOST_NAMES, height / remPx(LINE_REM) - 2) || width < LABELLED_FROM) return 0;
  const pen = document.createElement("canvas").getContext("2d");
  if (pen === null) return 0;
  pen.font = `${remPx(LABEL_REM)}px ${font}`;
  return Math.ceil(Math.max(...lines.map((one) => pen.measureText(shortened(one.label)).width))) + 18;
}

export function drawMarks(plot: uPlot, marks: readonly ChartMark[], style: CSSStyleDeclaration): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = style.getPropertyValue("--bad");
  ctx.font = `${remPx(MARK_REM) * devicePixelRatio}px ${style.getPropertyValue("--font")}`;
  ctx.textBaseline = "alphabetic";
  ctx.textAlign = "left"; // uPlot leaves them as its axes need them
  ctx.lineJoin = "round";
  for (const mark of marks) {
    const y = plot.valToPos(mark.value, "y", true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.lineWidth = devicePixelRatio;
    ctx.strokeStyle = style.getPropertyValue("--bad");
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.lineWidth = RIM_PX * devicePixelRatio;
    ctx.strokeStyle = style.getPropertyValue("--surface");
    const [x, base] = [bbox.left + 4 * devicePixelRatio, y - 4 * devicePixelRatio];
    ctx.strokeText(mark.label, x, base);
    ctx.fillText(mark.label, x, base);
  }
  ctx.restore();
}

/** Markers along the curves, as far apart as can be told; a value between two gaps always has one. */
export function drawMarkers(plot: uPlot, series: readonly ChartSeries[], colours: readonly string[], ground: string): void {
  const { ctx } = plot;
  const apart = series.length > 1 ? BETWEEN_MARKERS * devicePixelRatio : Infinity;
  ctx.save();
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([]);
  series.forEach((one, index) => {
    if (one.kind === "bars") return;
    const colour = colours[index % colours.length] ?? "";
    ctx.globalAlpha = plot.series[index + 1]?.alpha ?? 1;
    ctx.strokeStyle = colour;
    ctx.fillStyle = index % 2 === 0 ? colour : ground;
    for (const at of marked(plot, index, apart)) {
      const [time, value] = [plot.data[0][at], plot.data[index + 1]?.[at]];
      if (time === undefined || typeof value !== "number") continue;
      drawShape(ctx, shapeAt(index), plot.valToPos(time, "x", true), plot.valToPos(value, "y", true), MARKER_PX * devicePixelRatio);
    }
  });
  ctx.restore();
}

/** Positions of the values that get a marker, `apart` px from each other at least; each curve begins elsewhere. */
function marked(plot: uPlot, index: number, apart: number): number[] {
  const [times, values] = [plot.data[0], plot.data[index + 1] ?? []];
  const scale = plot.scales.x;
  const perPx = ((scale?.max ?? 1) - (scale?.min ?? 0)) / Math.max(plot.bbox.width, 1);
  const found: number[] = [];
  let next = Number.isFinite(apart) ? (times[0] ?? 0) + ((index * 0.37) % 1) * apart * perPx : Infinity;
  let before: number | null | undefined;
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (value === undefined) continue;
    const time = times[at] ?? 0;
    if (value !== null && time >= next) {
      found.push(at);
      next = time + apart * perPx;
    } else if (value !== null && (before === null || before === undefined) && isLast(values, at)) found.push(at);
    before = value;
  }
  return found;
}

/** Whether no value follows, or a gap does. */
function isLast(values: ArrayLike<number | null | undefined>, at: number): boolean {
  for (let next = at + 1; next < values.length; next++) if (values[next] !== undefined) return values[next] === null;
  return true;
}

/** The name of each curve beside its last value; a rim of the ground keeps it readable where other curves go on. */
export function drawNames(plot: uPlot, series: readonly ChartSeries[], colours: readonly string[], font: string, ground: string): void {
  const { ctx, bbox } = plot;
  const ends = series.flatMap((one, index) => {
    const at = one.kind === "bars" ? -1 : lastValue(plot.data[index + 1] ?? []);
    const [time, value] = [plot.data[0][at], plot.data[index + 1]?.[at]];
    if (time === undefined || typeof value !== "number") return [];
    return [{ index, x: plot.valToPos(time, "x", true), y: plot.valToPos(value, "y", true), text: shortened(one.label) }];
  });
  const heights = spread(ends.map((one) => one.y), remPx(LINE_REM) * devicePixelRatio, bbox.top, bbox.top + bbox.height);
  ctx.save();
  ctx.font = `${remPx(LABEL_REM) * devicePixelRatio}px ${font}`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left"; // uPlot leaves it as its axes need it
  ctx.lineJoin = "round";
  ctx.setLineDash([]);
  ends.forEach(({ index, x, y, text }, place) => {
    const [colour, height] = [colours[index % colours.length] ?? "", heights[place] ?? y];
    const start = Math.max(x, bbox.left) + NAME_FROM_PX * devicePixelRatio;
    ctx.globalAlpha = plot.series[index + 1]?.alpha ?? 1;
    ctx.fillStyle = ctx.strokeStyle = colour;
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(Math.max(x, bbox.left), y);
    ctx.lineTo(start - 3 * devicePixelRatio, height);
    ctx.stroke();
    ctx.strokeStyle = ground;
    ctx.lineWidth = RIM_PX * devicePixelRatio;
    ctx.strokeText(text, start, height);
    ctx.fillText(text, start, height);
  });
  ctx.restore();
}

function lastValue(values: ArrayLike<number | null | undefined>): number {
  for (let at = values.length - 1; at >= 0; at--) if (typeof values[at] === "number") return at;
  return -1;
}
