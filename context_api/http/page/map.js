// A plain map: the town's outline and railways drawn by hand from a few coordinates, the places as points.

import { svg } from "./dom.js";

const OUTLINE = [
  [139.4265, 35.7622], [139.4292, 35.7668], [139.4338, 35.7702], [139.4402, 35.7722], [139.4466, 35.7716],
  [139.4528, 35.7738], [139.4596, 35.7742], [139.4664, 35.7758], [139.4722, 35.7752], [139.4776, 35.7778],
  [139.4832, 35.7806], [139.4878, 35.784], [139.4942, 35.7848], [139.5006, 35.783], [139.5072, 35.7806],
  [139.5118, 35.776], [139.5108, 35.7706], [139.5066, 35.7664], [139.5042, 35.761], [139.5014, 35.7562],
  [139.4976, 35.7518], [139.4924, 35.7476], [139.4868, 35.7432], [139.4822, 35.7386], [139.4764, 35.736],
  [139.4706, 35.7372], [139.4662, 35.7402], [139.4622, 35.7436], [139.4566, 35.7458], [139.4508, 35.7486],
  [139.4456, 35.7522], [139.4402, 35.7552], [139.4342, 35.758], [139.429, 35.7598],
];
const STATIONS = [
  { ja: "東村山", en: "Higashimurayama", at: [139.4657, 35.7598], side: 1 },
  { ja: "久米川", en: "Kumegawa", at: [139.4725, 35.7497], side: 1 },
  { ja: "秋津", en: "Akitsu", at: [139.4963, 35.7787], side: 1 },
  { ja: "新秋津", en: "Shin-Akitsu", at: [139.4934, 35.7782], side: -1 },
  { ja: "萩山", en: "Hagiyama", at: [139.4766, 35.7406], side: 1 },
  { ja: "八坂", en: "Yasaka", at: [139.4682, 35.7450], side: -1 },
  { ja: "武蔵大和", en: "Musashi-Yamato", at: [139.4444, 35.7563], side: 1 },
  { ja: "西武園", en: "Seibuen", at: [139.4483, 35.7686], side: 1 },
  { ja: "多摩湖", en: "Tamako", at: [139.4432, 35.7658], side: -1 },
];
const RAILWAYS = [
  [[139.4885, 35.737], [139.4815, 35.7432], [139.4725, 35.7497], [139.4672, 35.7548], [139.4657, 35.7598], [139.4668, 35.7672], [139.4706, 35.7762], [139.4733, 35.7868]],
  [[139.463, 35.7375], [139.4638, 35.7452], [139.4652, 35.7528], [139.4657, 35.7598]],
  [[139.4657, 35.7598], [139.4632, 35.7652], [139.4562, 35.7684], [139.4483, 35.7686]],
  [[139.4766, 35.7406], [139.4682, 35.745], [139.4592, 35.7486], [139.4508, 35.7528], [139.4444, 35.7563], [139.4418, 35.7612], [139.4432, 35.7658]],
  [[139.5196, 35.7722], [139.5082, 35.7756], [139.4963, 35.7787], [139.4842, 35.7822], [139.4733, 35.7868]],
  [[139.4713, 35.7311], [139.4756, 35.7452], [139.4806, 35.7602], [139.4872, 35.7716], [139.4934, 35.7782], [139.4962, 35.7862]],
  [[139.4885, 35.737], [139.4766, 35.7406], [139.463, 35.7375]],
];
const RIVERS = [
  [[139.4292, 35.7628], [139.4402, 35.7664], [139.4522, 35.7652], [139.4642, 35.7662], [139.4752, 35.7702], [139.4842, 35.7742], [139.4958, 35.7828]],
  [[139.4408, 35.7552], [139.4522, 35.7582], [139.4622, 35.7572], [139.4742, 35.7588], [139.4862, 35.7612], [139.5042, 35.7632], [139.5182, 35.7662]],
];
const WIDTH = 1000;
const MARGIN = 34;
const LATITUDE = 35.76;

export class TownMap {
  constructor(holder, onChoose) {
    this.holder = holder;
    this.clipId = `${holder.id}-clip`;
    this.onChoose = onChoose;
    this.dots = new Map();
    this.view = "";
  }

  // Draws what does not move again only when the view or the language changes, and moves nothing else.
  render(places, { language, chosen, isShown, isFresh, announce }) {
    const located = places.filter((place) => place.position);
    const bounds = boundsOf([...OUTLINE, ...located.map((place) => place.position).filter(isNear)]);
    const view = `${bounds.join()} ${language}`;
    if (view !== this.view) {
      this.view = view;
      this.dots.clear();
      this.drawGround(bounds, language);
    }
    const seen = new Set();
    const near = located.filter((each) => isNear(each.position));
    const spread = spreadOut(near);
    for (const place of near) {
      seen.add(place.id);
      this.drawPlace(place, spread.get(place.id), { isChosen: place.id === chosen, isShown: isShown(place), isFresh: isFresh(place), announce });
    }
    for (const [id, dot] of this.dots) {
      if (!seen.has(id)) {
        dot.node.remove();
        this.dots.delete(id);
      }
    }
    const top = this.dots.get(chosen);
    if (top && top.node !== this.layer.lastChild) this.layer.append(top.node);
  }

  drawGround(bounds, language) {
    const [west, south, east, north] = bounds;
    const stretch = Math.cos((LATITUDE * Math.PI) / 180);
    const scale = (WIDTH - 2 * MARGIN) / ((east - west) * stretch);
    const height = Math.round((north - south) * scale + 2 * MARGIN);
    this.project = ([lon, lat]) => [MARGIN + (lon - west) * stretch * scale, MARGIN + (north - lat) * scale];
    const line = (points) => points.map((point) => this.project(point).map((each) => each.toFixed(1)).join(" ")).join("L");
    this.layer = svg("g", { class: "places" });
    const clip = svg("clipPath", { id: this.clipId }, svg("path", { d: `M${smooth(OUTLINE.map(this.project))}` }));
    const ground = svg("path", { class: "ground", d: `M${smooth(OUTLINE.map(this.project))}` });
    const rivers = svg("g", { class: "rivers", "clip-path": `url(#${this.clipId})` }, ...RIVERS.map((points) => svg("path", { d: `M${line(points)}` })));
    const rails = svg("g", { class: "rails", "clip-path": `url(#${this.clipId})` }, ...RAILWAYS.map((points) => svg("path", { d: `M${line(points)}` })));
    const stations = svg("g", { class: "stations" }, ...STATIONS.map((station) => this.station(station, language)));
    this.holder.replaceChildren(
      svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": { ja: "東村山市の略図", en: "A sketch of Higashimurayama" }[language] },
        svg("defs", {}, clip), ground, rivers, rails, this.layer, stations),
    );
  }

  station(station, language) {
    const [x, y] = this.project(station.at);
    const text = svg("text", { x: x + 13 * station.side, y: y + 7, "text-anchor": station.side > 0 ? "start" : "end" }, station[language]);
    return svg("g", {}, svg("rect", { x: x - 6, y: y - 6, width: 12, height: 12, rx: 3 }), text);
  }

  drawPlace(place, offset, { isChosen, isShown, isFresh, announce }) {
    let dot = this.dots.get(place.id);
    if (!dot) {
      dot = this.newDot(place);
      this.dots.set(place.id, dot);
      this.layer.append(dot.node);
    }
    const [left, top] = this.project(place.position);
    const [x, y] = [left + offset[0], top + offset[1]];
    dot.node.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    dot.node.setAttribute("class", ["place", place.theme.id, isChosen && "chosen", !isShown && "dim", !isFresh && "stale"].filter(Boolean).join(" "));
    dot.title.textContent = announce(place);
    if (dot.at && place.at > dot.at) this.ripple(dot);
    dot.at = place.at;
  }

  newDot(place) {
    const title = svg("title");
    const node = svg("g", { "data-id": place.id, onclick: () => this.onChoose(place.id) },
      svg("circle", { class: "touch", r: 24 }), svg("circle", { class: "ring", r: 17 }), svg("circle", { class: "dot", r: 10 }), title);
    return { node, title, at: 0 };
  }

  // A place that has just spoken sends out one small ring.
  ripple(dot) {
    const ring = svg("circle", { class: "ripple", r: 10 });
    ring.addEventListener("animationend", () => ring.remove());
    dot.node.prepend(ring);
    setTimeout(() => ring.remove(), 2500);
  }
}

// A place far outside would shrink the town to a spot; it stays in the list.
function isNear([lon, lat]) {
  return lon > 139.37 && lon < 139.57 && lat > 35.69 && lat < 35.83;
}

// Sensors of one pole stand in one spot: they are drawn around it, so that each can be seen and chosen.
function spreadOut(places) {
  const spots = new Map();
  for (const place of places) {
    const spot = place.position.map((each) => each.toFixed(4)).join();
    spots.set(spot, [...(spots.get(spot) ?? []), place]);
  }
  const offsets = new Map();
  for (const together of spots.values()) {
    const radius = together.length === 1 ? 0 : 7 + 3 * together.length;
    together.forEach((place, index) => {
      const angle = (index / together.length) * 2 * Math.PI - Math.PI / 2;
      offsets.set(place.id, [radius * Math.cos(angle), radius * Math.sin(angle)]);
    });
  }
  return offsets;
}

function boundsOf(points) {
  const lons = points.map((point) => point[0]);
  const lats = points.map((point) => point[1]);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

// Rounds a polygon: each corner becomes a curve between the middles of its sides.
function smooth(points) {
  const middle = ([ax, ay], [bx, by]) => [(ax + bx) / 2, (ay + by) / 2];
  const text = (point) => point.map((each) => each.toFixed(1)).join(" ");
  const last = points[points.length - 1];
  const curves = points.map((point, index) => `Q${text(point)} ${text(middle(point, points[(index + 1) % points.length]))}`);
  return `${text(middle(last, points[0]))}${curves.join("")}Z`;
}
