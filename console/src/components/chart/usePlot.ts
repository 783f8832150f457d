import { type RefObject, useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import { useIsDark } from "../../app/theme";
import { align } from "./align";
import type { ChartMark, ChartSeries } from "./model";
import { makeOptions } from "./options";

const SMALL = 120;
const NORMAL = 320;
const LEAST_WIDTH = 100;

interface Wanted {
  readonly series: readonly ChartSeries[];
  readonly marks: readonly ChartMark[];
  readonly isSmall: boolean;
  readonly height: number | undefined;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly onZoom: ((from: number, to: number) => void) | undefined;
  /** False while the table is shown instead. */
  readonly isDrawn: boolean;
}

export interface Plot {
  readonly holder: RefObject<HTMLDivElement | null>;
  readonly data: uPlot.AlignedData;
  /** The position of the cursor; null: nowhere. */
  readonly cursor: number | null;
  readonly moveTo: (index: number) => void;
  /** Puts one curve before the others; null: none. */
  readonly emphasise: (index: number | null) => void;
  readonly toPng: () => Promise<Blob | null>;
}

/** Draws into an element, anew with each change of what is drawn, of its width and of the theme. */
export function usePlot({ series, marks, isSmall, height, from, to, onZoom, isDrawn }: Wanted): Plot {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const isDark = useIsDark();
  const [cursor, setCursor] = useState<number | null>(null);
  const data = useMemo(() => align(series), [series]);
  useEffect(() => {
    const element = holder.current;
    if (element === null || !isDrawn) return;
    const options = makeOptions({
      width: Math.max(element.clientWidth, LEAST_WIDTH),
      height: height ?? (isSmall ? SMALL : NORMAL),
      series,
      marks,
      isSmall,
      style: getComputedStyle(document.documentElement),
      ...(from !== undefined && to !== undefined && { range: [from, to] as const }),
      ...(onZoom && { onZoom }),
      onCursor: setCursor,
    });
    const drawn = new uPlot(options, data, element);
    plot.current = drawn;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0 && element.clientWidth !== drawn.width) drawn.setSize({ width: element.clientWidth, height: options.height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, [data, series, marks, isSmall, height, from, to, onZoom, isDark, isDrawn]);
  const moveTo = (index: number) => {
    setCursor(index);
    showCursor(plot.current, index);
  };
  const emphasise = (index: number | null) => plot.current?.setSeries(index === null ? null : index + 1, { focus: true });
  return { holder, data, cursor, moveTo, emphasise, toPng: () => toPng(plot.current) };
}

function showCursor(plot: uPlot | null, index: number): void {
  const at = plot?.data[0][index];
  if (plot === null || at === undefined) return;
  plot.setCursor({ left: plot.valToPos(at, "x"), top: plot.over.clientHeight / 2 }, false);
}

function toPng(plot: uPlot | null): Promise<Blob | null> {
  if (plot === null) return Promise.resolve(null);
  const source = plot.ctx.canvas;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [source.width, source.height];
  const context = canvas.getContext("2d");
  if (context === null) return Promise.resolve(null);
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--surface");
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, 0);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}
