// The first page: asks the API every few seconds and shows what it says.

import { LIMIT, NoKey, forgetKey, getEntities, getHistory, getKey, setKey, takeKeyFromAddress } from "./api.js";
import { clock, drawChart, fittingHours } from "./chart.js";
import { el, icon } from "./dom.js";
import { TownMap } from "./map.js";
import { headlineOf, isFresh, placeOf } from "./town.js";
import { TEXTS, THEMES, ageText, attributeName, measure, scaleOf } from "./words.js";

const REFRESH_MS = 5000;
const CHART_REFRESH_MS = 30000;
const TROUBLE_MAX_MS = 60000;
const FIRST_SHOWN = 24;
const HOUR = 3600_000;

const state = {
  language: localStorage.getItem("machi.language") === "en" ? "en" : "ja",
  view: "loading", // loading, door, empty, live
  places: [],
  total: 0,
  theme: "all",
  chosen: null, // id
  attribute: null,
  history: null, // {key, points, isPartial} | {key, failed: true}
  hours: null, // null: what fits
  search: "",
  shown: FIRST_SHOWN,
  updatedAt: 0,
  retryAt: 0,
  failures: 0,
  wrongKey: false,
};

const $ = (id) => document.getElementById(id);
const words = () => TEXTS[state.language];
const map = new TownMap($("map"), choose);
const sketch = new TownMap($("sketch"), () => {});

// ---- asking

let timer = 0;

async function refresh() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const { entities, total } = await getEntities();
    state.places = entities.map(placeOf).sort(byThemeAndName);
    state.total = total;
    state.updatedAt = Date.now();
    state.failures = 0;
    state.wrongKey = false;
    state.view = entities.length ? "live" : "empty";
    if (!state.chosen || !find(state.chosen)) chooseFirst();
    timer = setTimeout(refresh, REFRESH_MS);
  } catch (error) {
    if (error instanceof NoKey) askForKey();
    else retryLater();
  }
  render();
}

function askForKey() {
  state.wrongKey = Boolean(getKey());
  forgetKey();
  state.view = "door";
}

function retryLater() {
  state.failures += 1;
  const wait = Math.min(REFRESH_MS * 2 ** (state.failures - 1), TROUBLE_MAX_MS);
  state.retryAt = Date.now() + wait;
  timer = setTimeout(refresh, wait);
}

let historyTimer = 0;

async function loadHistory() {
  clearTimeout(historyTimer);
  const { chosen, attribute } = state;
  if (!chosen || !attribute || state.view !== "live" || document.hidden) return;
  const key = `${chosen} ${attribute}`;
  try {
    const found = await getHistory(chosen, attribute, Date.now() - 24 * HOUR);
    if (key !== `${state.chosen} ${state.attribute}`) return;
    state.history = { key, ...found, points: found.points.filter(([value]) => typeof value === "number") };
  } catch (error) {
    if (error instanceof NoKey) return;
    if (state.history?.key !== key) state.history = { key, failed: true };
  }
  historyTimer = setTimeout(loadHistory, CHART_REFRESH_MS);
  renderDetail();
}

// ---- choosing

const find = (id) => state.places.find((place) => place.id === id);
const byThemeAndName = (one, other) =>
  THEMES.indexOf(one.theme) - THEMES.indexOf(other.theme) || one.device.localeCompare(other.device, "en", { numeric: true });

function isShown(place) {
  const inTheme = state.theme === "all" || place.theme.id === state.theme;
  const wanted = state.search.trim().toLowerCase();
  return inTheme && (!wanted || `${place.name} ${place.id}`.toLowerCase().includes(wanted));
}

function chooseFirst() {
  const candidates = state.places.filter((place) => isShown(place) && typeof place.main?.value === "number");
  if (candidates.length) pick(candidates[0]);
}

function pick(place) {
  state.chosen = place.id;
  state.attribute = place.values.find((each) => typeof each.value === "number")?.name ?? null;
  state.hours = null;
  loadHistory();
}

function choose(id) {
  pick(find(id));
  render();
  if (matchMedia("(max-width: 900px)").matches) $("detail").scrollIntoView({ behavior: "smooth", block: "start" });
}

function chooseTheme(id) {
  state.theme = id;
  state.shown = FIRST_SHOWN;
  const place = find(state.chosen);
  if (!place || !isShown(place)) chooseFirst();
  render();
}

// ---- showing

function render() {
  document.documentElement.lang = state.language;
  document.title = words().title;
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = words()[node.dataset.text];
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", words()[node.dataset.label]);
  for (const node of document.querySelectorAll("[data-placeholder]")) node.placeholder = words()[node.dataset.placeholder];
  $("language").textContent = words().other;
  $("language").lang = state.language === "ja" ? "en" : "ja";
  $("forget").hidden = !getKey();
  $("door").hidden = state.view !== "door";
  $("door-wrong").textContent = state.wrongKey ? words().doorWrong : "";
  $("empty").hidden = state.view !== "empty";
  $("threshold").hidden = state.view !== "door" && state.view !== "empty";
  sketch.render([], { language: state.language });
  $("live").hidden = state.view !== "live";
  document.body.dataset.view = state.view;
  renderHello();
  if (state.view === "empty") $("empty-code").textContent = exampleCommand();
  if (state.view === "live") renderLive();
}

function renderHello() {
  const hour = Number(new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Tokyo", hour: "2-digit", hour12: false }).format(Date.now())) % 24;
  const part = hour < 4 || hour >= 23 ? 0 : hour < 10 ? 1 : hour < 18 ? 2 : 3;
  $("greeting").textContent = words().greetings[part];
  const fresh = state.places.filter((place) => isFresh(place, Date.now())).length;
  const number = (value) => value.toLocaleString(state.language === "ja" ? "ja-JP" : "en-GB");
  $("summary").textContent =
    state.view === "live" ? words().summary(number(state.total), number(fresh)) : state.view === "loading" ? words().loading : "";
}

function renderLive() {
  renderThemes();
  map.render(state.places, {
    language: state.language,
    chosen: state.chosen,
    isShown,
    isFresh: (place) => isFresh(place, Date.now()),
    announce: (place) => (place.main ? `${place.name}  ${valueText(place.main)}` : place.name),
  });
  renderList();
  renderDetail();
}

function renderThemes() {
  const used = THEMES.filter((theme) => state.places.some((place) => place.theme === theme));
  const tiles = [tile("all", words().all, null, state.places.length), ...used.map(themeTile)];
  const focused = document.activeElement?.dataset?.theme;
  $("themes").replaceChildren(...tiles);
  if (focused) $("themes").querySelector(`[data-theme="${focused}"]`)?.focus({ preventScroll: true });
}

function themeTile(theme) {
  const count = state.places.filter((place) => place.theme === theme).length;
  return tile(theme.id, theme[state.language], headlineOf(theme, state.places, Date.now()), count);
}

function tile(id, name, headline, count) {
  const shown = headline ? measure(headline.name, headline.value, headline.unitCode, state.language) : null;
  const figure = shown ? [shown.text, el("small", {}, shown.unit)] : [count.toLocaleString()];
  return el("button", { type: "button", class: `tile ${id}`, "data-theme": id, "aria-pressed": String(state.theme === id), onclick: () => chooseTheme(id) },
    icon(id), el("span", { class: "name" }, name), el("span", { class: "figure" }, ...figure),
    el("span", { class: "what" }, headline ? attributeName(headline.name, state.language) : words().places));
}

function renderList() {
  const found = state.places.filter(isShown);
  $("list-title").textContent = words().listTitle(found.length.toLocaleString());
  const focused = document.activeElement?.dataset?.place;
  const rows = found.slice(0, state.shown).map(listRow);
  $("list").replaceChildren(...(rows.length ? rows : [el("li", { class: "none" }, words().none)]));
  if (focused) $("list").querySelector(`[data-place="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  $("more").hidden = found.length <= state.shown;
  $("more").textContent = words().more((found.length - state.shown).toLocaleString());
}

function listRow(place) {
  const shown = place.main ? measure(place.main.name, place.main.value, place.main.unitCode, state.language) : { text: "–", unit: "" };
  return el("li", {},
    el("button", { type: "button", class: `row ${place.theme.id}${isFresh(place, Date.now()) ? "" : " stale"}`, "data-place": place.id, "aria-current": place.id === state.chosen ? "true" : false, onclick: () => choose(place.id) },
      icon(place.theme.id),
      el("span", { class: "who" }, el("span", { class: "name" }, place.name), el("span", { class: "age" }, el("span", { "data-at": place.at }, ageOf(place.at)), place.name === place.device ? "" : `・${place.device}`)),
      el("span", { class: "value" }, shown.text, el("small", {}, shown.unit))));
}

const ageOf = (at) => (at ? ageText((Date.now() - at) / 1000, state.language) : "–");

function valueText(value) {
  const { text, unit } = measure(value.name, value.value, value.unitCode, state.language);
  return unit ? `${text} ${unit}` : text;
}

function renderDetail() {
  const place = find(state.chosen);
  const holder = $("detail");
  if (!place) {
    holder.replaceChildren(el("p", { class: "hint" }, words().choose));
    return;
  }
  const focused = document.activeElement?.dataset?.control;
  const value = place.values.find((each) => each.name === state.attribute) ?? place.main;
  const isSame = holder.dataset.key === `${place.id} ${state.attribute}`;
  const cursorIsOn = isSame && holder.querySelector(".chart:hover, .chart:focus");
  if (cursorIsOn) return; // somebody is reading the chart
  holder.dataset.key = `${place.id} ${state.attribute}`;
  holder.className = `card detail ${place.theme.id}`;
  holder.replaceChildren(detailHead(place, value), pills(place), chartPart(place, value));
  if (focused) holder.querySelector(`[data-control="${focused}"]`)?.focus({ preventScroll: true });
}

function detailHead(place, value) {
  const shown = value ? measure(value.name, value.value, value.unitCode, state.language) : { text: "–", unit: "" };
  const when = value?.at ? `${clock(value.at)} JST` : "";
  return el("div", { class: "head" },
    el("div", {}, el("p", { class: "theme" }, icon(place.theme.id), place.theme[state.language]), el("h2", {}, place.name),
      el("p", { class: "age" }, el("span", { "data-at": value?.at ?? 0 }, ageOf(value?.at)), when ? `・${when}` : "", place.name === place.device ? "" : `・${place.device}`)),
    el("p", { class: "big" }, el("span", {}, shown.text), el("small", {}, shown.unit)));
}

function pills(place) {
  const pill = (each) =>
    el("button", { type: "button", class: "pill", "data-control": each.name, "aria-pressed": String(each.name === state.attribute), disabled: typeof each.value !== "number", onclick: () => chooseAttribute(each.name) },
      el("span", {}, attributeName(each.name, state.language)), el("b", {}, valueText(each)));
  return el("div", { class: "pills", role: "group", "aria-label": words().attributes }, ...place.values.map(pill));
}

function chooseAttribute(name) {
  state.attribute = name;
  state.hours = null;
  loadHistory();
  renderDetail();
}

function chartPart(place, value) {
  const key = `${place.id} ${state.attribute}`;
  const history = state.history?.key === key ? state.history : null;
  if (!value || !state.attribute) return el("p", { class: "chartstate" }, words().chartEmpty);
  if (!history) return el("p", { class: "chartstate busy" }, words().chartLoading);
  if (history.failed) return el("p", { class: "chartstate" }, words().chartError);
  const now = Date.now();
  const hours = state.hours ?? fittingHours(history.points, now);
  const points = history.points.filter(([, at]) => at >= now - hours * HOUR && at <= now);
  return el("div", {}, rangeButtons(hours), points.length ? figure(place, value, points, hours, now) : el("p", { class: "chartstate" }, words().chartEmpty),
    history.isPartial ? el("p", { class: "hint" }, words().partial) : null);
}

function rangeButtons(hours) {
  const button = (each) =>
    el("button", { type: "button", "data-control": `range${each}`, "aria-pressed": String(each === hours), onclick: () => { state.hours = each; renderDetail(); } }, words().rangeButtons[each]);
  return el("div", { class: "ranges", role: "group" }, ...[1, 6, 24].map(button));
}

function figure(place, value, points, hours, now) {
  const show = (number) => valueText({ ...value, value: number });
  const { factor } = scaleOf(value.name, value.unitCode, state.language);
  const scaled = points.map(([number, at]) => [number * factor, at]);
  const numbers = points.map(([number]) => number);
  const mean = numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
  const label = words().chartOf(`${place.name} ${attributeName(value.name, state.language)}`, words().ranges[hours]);
  const facts = [[words().low, show(Math.min(...numbers))], [words().mean, show(mean)], [words().high, show(Math.max(...numbers))]];
  return el("figure", {},
    drawChart(scaled, { hours, now, label, axis: (tick) => tick.toLocaleString(), show: (number) => show(number / factor) }),
    el("figcaption", {}, ...facts.map(([name, text]) => el("span", {}, `${name} `, el("b", {}, text))), el("span", { class: "count" }, words().points(points.length.toLocaleString()))));
}

function exampleCommand() {
  return `curl -X POST ${location.origin}/api/v1/devices \\
  -H "Authorization: Bearer machi_…" \\
  -H "Content-Type: application/json" \\
  -d '{"id": "aq-001", "profile": "air-quality",
       "location": {"type": "Point", "coordinates": [139.4657, 35.7598]}}'`;
}

// Ages and the countdown move every second, without asking anybody.
function tick() {
  for (const node of document.querySelectorAll("[data-at]")) node.textContent = ageOf(Number(node.dataset.at));
  const notice = $("notice");
  const messages = [];
  if (state.failures) messages.push(words().trouble(Math.max(0, Math.ceil((state.retryAt - Date.now()) / 1000))));
  else if (state.total > LIMIT && state.view === "live") messages.push(words().truncated(state.places.length.toLocaleString(), state.total.toLocaleString()));
  notice.hidden = !messages.length;
  if (notice.textContent !== messages.join(" ")) notice.textContent = messages.join(" ");
  $("pulse").classList.toggle("on", state.view === "live" && !state.failures);
  $("pulse-text").textContent = state.view === "live" && !state.failures ? words().updated(Math.floor((Date.now() - state.updatedAt) / 1000)) : "";
}

// ---- listening

$("language").addEventListener("click", () => {
  state.language = state.language === "ja" ? "en" : "ja";
  localStorage.setItem("machi.language", state.language);
  render();
  tick();
});
$("forget").addEventListener("click", () => {
  forgetKey();
  clearTimeout(timer);
  Object.assign(state, { view: "door", places: [], total: 0, wrongKey: false, failures: 0, chosen: null, history: null });
  render();
  $("key").focus();
});
$("door").addEventListener("submit", (event) => {
  event.preventDefault();
  setKey($("key").value.trim());
  $("key").value = "";
  refresh();
});
$("search").addEventListener("input", (event) => {
  state.search = event.target.value;
  state.shown = FIRST_SHOWN;
  renderLive();
});
$("more").addEventListener("click", () => {
  state.shown += 4 * FIRST_SHOWN;
  renderList();
});
addEventListener("hashchange", () => {
  takeKeyFromAddress();
  refresh();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  refresh();
  loadHistory();
});

takeKeyFromAddress();
render();
refresh();
setInterval(tick, 1000);
