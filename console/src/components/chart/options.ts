/** How uPlot is told to draw: curves by colour, dash and marker, and what happens at the cursor. */

import uPlot from "uplot";
import { ZONE } from "../../format/times";
import { seriesColours, SERIES_DASHES } from "../chartColours";
import { axesOf, scalesOf } from "./axes";
import { drawMarkers, drawMarks, drawNames, roomForNames } from "./drawing";
import type { ChartMark, ChartSeries } from "./model";

const DIMMED = 0.18;
const LEAST_ZOOM = 4; // px: less is a slip of the hand

export interface Making {
  readonly width: number;
  readonly height: number;
  readonly series: readonly ChartSeries[];
  readonly marks: readonly ChartMark[];
  readonly isSmall: boolean;
  readonly style: CSSStyleDeclaration;
  readonly range?: readonly [number, number];
  readonly onZoom?: (from: number, to: number) => void;
  readonly onCursor: (index: number | null) => void;
}

export function makeOptions(making: Making): uPlot.Options {
  const { width, height, series, marks, isSmall, style, onZoom, onCursor } = making;
  const [font, ground] = [style.getPropertyValue("--font"), style.getPropertyValue("--surface")];
  const colours = seriesColours();
  const room = isSmall ? 0 : roomForNames(series, width, height, font);
  return {
    width,
    height,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), ZONE),
    legend: { show: false },
    cursor: { drag: { x: onZoom !== undefined, y: false, setScale: false }, points: { size: 8 } },
    focus: { alpha: DIMMED },
    ...(room > 0 && { padding: [null, room, null, null] as uPlot.Padding }),
    scales: scalesOf(making),
    axes: axesOf(making),
    series: [{}, ...curves(series, colours)],
    hooks: {
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)],
      setSelect: [(plot) => onZoom !== undefined && zoom(plot, onZoom)],
      draw: [
        (plot) => {
          drawMarks(plot, marks, style);
          drawMarkers(plot, series, colours, ground);
          if (room > 0) drawNames(plot, series, colours, font, ground);
        },
      ],
    },
  };
}

function curves(series: readonly ChartSeries[], colours: readonly string[]): uPlot.Series[] {
  const bars = series.filter((one) => one.kind === "bars").length;
  return series.map((one, index): uPlot.Series => {
    const colour = colours[index % colours.length] ?? "";
    const dash = one.kind === "bars" ? undefined : SERIES_DASHES[index % SERIES_DASHES.length];
    const paths = one.kind === "bars" ? barPaths(bars, index) : undefined;
    return {
      label: one.label,
      stroke: colour,
      width: one.kind === "bars" ? 1 : 2,
      spanGaps: false,
      points: { show: false },
      ...(dash !== undefined && dash.length > 0 && { dash: [...dash] }),
      ...(paths !== undefined && { paths, fill: `${colour}${index % 2 === 0 ? "99" : "22"}` }),
    };
  });
}

/** Two kinds of bars stand beside each other. */
function barPaths(count: number, index: number): uPlot.Series.PathBuilder | undefined {
  if (count < 2) return uPlot.paths.bars?.({ size: [0.7, 60] });
  return uPlot.paths.bars?.({ size: [0.4, 30], align: index === 0 ? -1 : 1 });
}

function zoom(plot: uPlot, onZoom: (from: number, to: number) => void): void {
  const { left, width } = plot.select;
  if (width < LEAST_ZOOM) return;
  const [start, end] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  onZoom(start * 1000, end * 1000);
}
