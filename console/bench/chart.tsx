/** The chart alone, for `python -m benchmarks.console`: how long it takes until it is drawn, and until a stretch of it is. */

import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import { Chart } from "../src/components/Chart";
import { startWords } from "../src/i18n";
import "../src/theme.css";

const MINUTE = 60_000;
const END = Date.parse("2026-11-23T00:00:00Z");

declare global {
  interface Window {
    machiChart?: { draw: (count: number) => Promise<number>; zoom: (part: number) => Promise<number> };
  }
}

const root = createRoot(document.getElementById("root") ?? document.body);
let points: (readonly [number, number | null])[] = [];

/** A value a minute, up and down with the day, with a gap now and then. */
function makePoints(count: number): typeof points {
  return Array.from({ length: count }, (_, index) => {
    const noise = ((index * 7919) % 1000) / 100;
    return [END - (count - index) * MINUTE, index % 5000 === 0 ? null : 50 + 10 * Math.sin(index / 229) + noise] as const;
  });
}

const nextFrame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

async function show(from?: number, to?: number): Promise<number> {
  const series = [{ label: "LAeq", unit: "dB", points }];
  const began = performance.now();
  flushSync(() => root.render(<Chart label="LAeq" series={series} {...(from !== undefined && to !== undefined && { from, to })} />));
  await nextFrame();
  return performance.now() - began;
}

void startWords().then(async () => {
  points = makePoints(10);
  await show(); // styles and words are there
  window.machiChart = {
    draw: (count) => {
      points = makePoints(count);
      return show();
    },
    zoom: (part) => show(END - points.length * MINUTE * part, END),
  };
});
