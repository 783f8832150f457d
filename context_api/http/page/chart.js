// A line chart of one attribute: own SVG, no library. Times are shown in JST wherever the reader is.

import { svg } from "./dom.js";

const WIDTH = 640;
const HEIGHT = 260;
const PAD = { left: 52, right: 14, top: 16, bottom: 30 };
const HOUR = 3600_000;
const CLOCK = new Intl.DateTimeFormat("ja-JP", { timeZone: "Asia/Tokyo", hour: "2-digit", minute: "2-digit", hour12: false });
const DAY = new Intl.DateTimeFormat("ja-JP", { timeZone: "Asia/Tokyo", month: "numeric", day: "numeric" });
const STEPS_MINUTES = { 1: 15, 6: 60, 24: 180 };
const JST = 9 * HOUR;

export const clock = (at) => CLOCK.format(at);

// The smallest range that holds the whole record: a town that started ten minutes ago shows its first hour.
export function fittingHours(points, now) {
  const first = points.length ? points[0][1] : now;
  return [1, 6].find((hours) => now - first <= hours * HOUR) ?? 24;
}

// points: [[number, ms], …]; show(value) -> "12.3 ℃"; returns an <svg>.
export function drawChart(points, { hours, now, show, axis, label }) {
  const from = now - hours * HOUR;
  const values = points.map((point) => point[0]);
  const ticks = niceTicks(Math.min(...values), Math.max(...values));
  const low = ticks[0];
  const high = ticks[ticks.length - 1];
  const x = (at) => PAD.left + ((at - from) / (now - from)) * (WIDTH - PAD.left - PAD.right);
  const y = (value) => HEIGHT - PAD.bottom - ((value - low) / (high - low)) * (HEIGHT - PAD.top - PAD.bottom);
  const lines = segments(thin(points, 600)).map((segment) => segment.map(([value, at]) => `${x(at).toFixed(1)} ${y(value).toFixed(1)}`));
  const base = HEIGHT - PAD.bottom;
  const last = points[points.length - 1];
  const chart = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "chart", role: "img", "aria-label": label, tabindex: "0" },
    ...ticks.map((tick) => grid(y(tick), axis(tick))),
    ...hourTicks(from, now, hours).map((at) => hourTick(x(at), at, base)),
    ...lines.map((line) => svg("path", { class: "area", d: `M${firstX(line)} ${base}L${line.join("L")}L${lastX(line)} ${base}Z` })),
    ...lines.map((line) => svg("path", { class: "line", d: line.length > 1 ? `M${line.join("L")}` : `M${line[0]}h.1` })),
    svg("circle", { class: "now", cx: x(last[1]), cy: y(last[0]), r: 4.5 }),
  );
  addCursor(chart, points, { x, y, show, base });
  return chart;
}

const firstX = (line) => line[0].split(" ")[0];
const lastX = (line) => line[line.length - 1].split(" ")[0];

function grid(y, text) {
  return svg("g", { class: "grid" }, svg("path", { d: `M${PAD.left} ${y.toFixed(1)}H${WIDTH - PAD.right}` }),
    svg("text", { x: PAD.left - 8, y: y + 4, "text-anchor": "end" }, text));
}

function hourTick(x, at, base) {
  const isMidnight = (at + JST) % (24 * HOUR) === 0;
  return svg("g", { class: isMidnight ? "hour midnight" : "hour" }, svg("path", { d: `M${x.toFixed(1)} ${base}v5` }),
    svg("text", { x, y: base + 20, "text-anchor": "middle" }, isMidnight ? DAY.format(at) : CLOCK.format(at)));
}

function hourTicks(from, now, hours) {
  const step = STEPS_MINUTES[hours] * 60_000;
  const ticks = [];
  for (let at = Math.ceil((from + JST) / step) * step - JST; at <= now; at += step) ticks.push(at);
  return ticks.filter((at) => at - from > step / 8 && now - at > step / 8);
}

// Three to six round numbers around the values; a flat line gets room above and below.
export function niceTicks(low, high) {
  if (low === high) {
    const room = Math.abs(low) * 0.1 || 1;
    low -= room;
    high += room;
  }
  const raw = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= raw);
  const ticks = [];
  for (let index = Math.floor(low / step + 1e-9); ticks.length < 8; index += 1) {
    ticks.push(Number((index * step).toPrecision(12)));
    if (index * step >= high - step * 1e-9) break;
  }
  return ticks;
}

// A silence much longer than usual breaks the line: nothing was measured there.
function segments(points) {
  const gaps = points.slice(1).map((point, index) => point[1] - points[index][1]).sort((one, other) => one - other);
  const limit = Math.max(5 * 60_000, 4 * (gaps[gaps.length >> 1] ?? 0));
  const found = [[]];
  for (const point of points) {
    const current = found[found.length - 1];
    if (current.length && point[1] - current[current.length - 1][1] > limit) found.push([point]);
    else current.push(point);
  }
  return found;
}

// Keeps the lowest and the highest of each slice of time, so that peaks survive.
function thin(points, slices) {
  if (points.length <= 2 * slices) return points;
  const first = points[0][1];
  const width = (points[points.length - 1][1] - first) / slices || 1;
  const kept = [];
  for (let start = 0; start < points.length; ) {
    const slice = Math.floor((points[start][1] - first) / width);
    let end = start;
    while (end < points.length && Math.floor((points[end][1] - first) / width) === slice) end += 1;
    const part = points.slice(start, end).sort((one, other) => one[0] - other[0]);
    const ends = part.length > 1 ? [part[0], part[part.length - 1]] : part;
    kept.push(...ends.sort((one, other) => one[1] - other[1]));
    start = end;
  }
  return kept;
}

// The value under the pointer, or under the arrow keys.
function addCursor(chart, points, { x, y, show, base }) {
  const rule = svg("path", { class: "rule" });
  const dot = svg("circle", { class: "at", r: 5 });
  const text = svg("text", { class: "reading", y: PAD.top - 2 });
  const cursor = svg("g", { class: "cursor", visibility: "hidden" }, rule, dot, text);
  let index = points.length - 1;
  const put = (next) => {
    index = Math.min(Math.max(next, 0), points.length - 1);
    const [value, at] = points[index];
    const left = x(at);
    rule.setAttribute("d", `M${left.toFixed(1)} ${PAD.top + 4}V${base}`);
    dot.setAttribute("cx", left);
    dot.setAttribute("cy", y(value));
    text.setAttribute("x", Math.min(Math.max(left, PAD.left + 60), WIDTH - PAD.right - 70));
    text.setAttribute("text-anchor", "middle");
    text.textContent = `${clock(at)}  ${show(value)}`;
    cursor.setAttribute("visibility", "visible");
  };
  const nearest = (event) => {
    const box = chart.getBoundingClientRect();
    const left = ((event.clientX - box.left) / box.width) * WIDTH;
    let best = 0;
    points.forEach((point, each) => {
      if (Math.abs(x(point[1]) - left) < Math.abs(x(points[best][1]) - left)) best = each;
    });
    put(best);
  };
  chart.addEventListener("pointermove", nearest);
  chart.addEventListener("pointerdown", nearest);
  chart.addEventListener("pointerleave", () => cursor.setAttribute("visibility", "hidden"));
  chart.addEventListener("blur", () => cursor.setAttribute("visibility", "hidden"));
  chart.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1, Home: -points.length, End: points.length }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    put(cursor.getAttribute("visibility") === "hidden" ? index : index + move);
  });
  chart.append(cursor);
}
