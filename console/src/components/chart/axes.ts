/** The scales of a chart: which values they span, and what stands beside them. */

import type uPlot from "uplot";
import { formatNumber } from "../../format/numbers";
import { DAY, formatClock, formatDay, HOUR, partsOf } from "../../format/times";
import type { ChartMark, ChartSeries } from "./model";

const ROOM = 0.08;
const LABEL_EM = 0.75; // of the page's letters
const SIGN_EM = 0.5; // a digit among them
const HALF_AN_HOUR = 1_800; // s
const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7, 1e8, 1e9];

interface Wanted {
  readonly series: readonly ChartSeries[];
  readonly marks: readonly ChartMark[];
  readonly isSmall: boolean;
  readonly style: CSSStyleDeclaration;
  readonly range?: readonly [number, number];
}

export function scalesOf({ series, marks, range }: Wanted): uPlot.Scales {
  return {
    x: {
      time: true,
      range: (_, first, last) => {
        if (range !== undefined) return [range[0] / 1000, range[1] / 1000];
        return first === last ? [first - HALF_AN_HOUR, last + HALF_AN_HOUR] : [first, last];
      },
    },
    y: { range: (_, low, high) => rangeOf(low, high, series, marks) },
  };
}

export function axesOf({ series, isSmall, style }: Wanted): uPlot.Axis[] {
  const [soft, line] = [style.getPropertyValue("--soft"), style.getPropertyValue("--line")];
  const em = parseFloat(style.fontSize) || 16;
  const font = `${LABEL_EM * em}px ${style.getPropertyValue("--font")}`;
  const axis = { stroke: soft, font, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1, size: 5 } };
  const isWhole = series.length > 0 && series.every((one) => one.decimals === 0);
  return [
    { ...axis, size: em * 1.5 + 26, space: (isSmall ? 70 : 84) * (em / 16), values: (_, ticks) => ticks.map((tick, index) => writeTick(tick, ticks[index - 1], ticks)) },
    {
      ...axis,
      ...(isWhole && { incrs: WHOLE }),
      size: (_, texts) => Math.max(40, ...((texts as string[] | null) ?? []).map((text) => text.length * SIGN_EM * em + 14)),
      space: isSmall ? 28 : 40,
      values: (_, ticks) => ticks.map((tick) => formatNumber(tick)),
    },
  ];
}

/** From the lowest to the highest with some room; from zero where bars stand on it, or where zero is near. */
export function rangeOf(
  low: number | null,
  high: number | null,
  series: readonly ChartSeries[],
  marks: readonly ChartMark[],
): [number, number] {
  if (low === null || high === null) return [0, 1];
  const isFromZero = series.some((one) => one.kind === "bars");
  const lowest = isFromZero ? Math.min(0, low) : low;
  const near = marks.map((mark) => mark.value).filter((value) => value < high * 1.5 && value > low * 0.5);
  const [least, most] = [Math.min(lowest, ...near), Math.max(high, ...near)];
  if (least === most) return [least - (Math.abs(least) || 1) * 0.1, most + (Math.abs(most) || 1) * 0.1];
  const room = (most - least) * ROOM;
  return [isFromZero || (least >= 0 && least - room < 0) ? Math.min(0, least) : least - room, most + room];
}

/** The time of day; at midnight and at the first tick, the day; over years, the month. */
export function writeTick(tick: number, before: number | undefined, ticks: readonly number[]): string {
  const ms = tick * 1000;
  const step = ((ticks[1] ?? tick) - (ticks[0] ?? tick)) * 1000;
  if (step >= 27 * DAY) {
    const { year, month } = partsOf(ms);
    return before === undefined || month === 1 ? `${year}/${month}` : String(month);
  }
  if (step >= DAY) return formatDay(ms);
  const { hour, minute } = partsOf(ms);
  const isMidnight = hour === 0 && minute === 0;
  return isMidnight || (before === undefined && step >= HOUR) ? formatDay(ms) : formatClock(ms);
}
