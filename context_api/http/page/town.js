// Entities as they came from the API -> what the page shows of them.

import { ASIDE, THEMES } from "./words.js";

const THEME_OF = new Map(THEMES.flatMap((theme) => theme.types.map((type) => [type, theme])));
const OTHER = THEMES[THEMES.length - 1];
const FRESH_SECONDS = 600;

// One place: {id, name, device, theme, position: [lon, lat] | null, values: [{name, value, unitCode, at}], main, at}
export function placeOf(entity) {
  const types = [entity.type].flat();
  const theme = types.map((type) => THEME_OF.get(type)).find(Boolean) ?? OTHER;
  const values = Object.entries(entity).flatMap(([name, attribute]) => valueOf(name, attribute));
  values.sort((one, other) => rank(one, theme) - rank(other, theme));
  const main = values[0] ?? null;
  const at = Math.max(0, ...values.map((each) => each.at ?? 0));
  return { id: entity.id, name: nameOf(entity), device: deviceOf(entity), theme, position: positionOf(entity), values, main, at };
}

// What can be measured: numbers and switches with a time; the text of a state too.
function valueOf(name, attribute) {
  const one = Array.isArray(attribute) ? attribute[0] : attribute;
  if (!one || typeof one !== "object" || one.observedAt === undefined || one.value === undefined) return [];
  if (one.value !== null && typeof one.value === "object") return [];
  return [{ name, value: one.value, unitCode: one.unitCode, at: Date.parse(one.observedAt) }];
}

function rank(value, theme) {
  if (value.name === theme.main) return -1;
  if (typeof value.value !== "number") return 2;
  return ASIDE.has(value.name) ? 1 : 0;
}

function plain(attribute) {
  return attribute !== null && typeof attribute === "object" ? attribute.value : attribute;
}

function nameOf(entity) {
  const name = plain(entity.name) ?? plain(entity.stationName);
  return typeof name === "string" && name ? name : deviceOf(entity);
}

const deviceOf = (entity) => entity.id.replace(/^urn:ngsi-ld:[^:]+:/, "");

function positionOf(entity) {
  const location = entity.location?.value ?? entity.location;
  const isPoint = location?.type === "Point" && Array.isArray(location.coordinates);
  return isPoint && location.coordinates.slice(0, 2).every(Number.isFinite) ? location.coordinates.slice(0, 2) : null;
}

export const isFresh = (place, now) => now - place.at < FRESH_SECONDS * 1000;

// The one number that stands for a theme: {value, unitCode, name} or null.
export function headlineOf(theme, places, now) {
  const found = places
    .filter((place) => place.theme === theme && isFresh(place, now))
    .map((place) => place.values.find((each) => each.name === theme.main && typeof each.value === "number"))
    .filter(Boolean);
  if (!found.length) return null;
  const numbers = found.map((each) => each.value).sort((one, other) => one - other);
  const value = { median: median(numbers), sum: numbers.reduce((sum, each) => sum + each, 0), max: numbers[numbers.length - 1] }[theme.headline];
  return { name: theme.main, value, unitCode: found[0].unitCode };
}

function median(sorted) {
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
