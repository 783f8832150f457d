/** Values with their units: UN/CEFACT codes as people write them, shares as per cent, counts with 台 or 人. */

import { formatNumber } from "./numbers";
import { isJapanese, type Pair, pick } from "./language";
import { plainId, valueWord, yesNo } from "./names";
import { formatMoment } from "./times";

interface Unit {
  readonly sign: string;
  readonly decimals: number | undefined;
}

const UNITS: Readonly<Record<string, Unit>> = {
  GQ: { sign: "µg/m³", decimals: 1 },
  GP: { sign: "mg/m³", decimals: 2 },
  "59": { sign: "ppm", decimals: 0 },
  "61": { sign: "ppb", decimals: 1 },
  CEL: { sign: "℃", decimals: 1 },
  KEL: { sign: "K", decimals: 1 },
  P1: { sign: "%", decimals: 0 },
  "2N": { sign: "dB", decimals: 1 },
  KMH: { sign: "km/h", decimals: 1 },
  MTR: { sign: "m", decimals: 2 },
  KMT: { sign: "km", decimals: 2 },
  CMT: { sign: "cm", decimals: 0 },
  MMT: { sign: "mm", decimals: 1 },
  MTS: { sign: "m/s", decimals: 1 },
  DD: { sign: "°", decimals: 0 },
  A97: { sign: "hPa", decimals: 1 },
  PAL: { sign: "Pa", decimals: 0 },
  LUX: { sign: "lx", decimals: 0 },
  D54: { sign: "W/m²", decimals: 0 },
  VLT: { sign: "V", decimals: 2 },
  AMP: { sign: "A", decimals: 2 },
  WTT: { sign: "W", decimals: 0 },
  KWT: { sign: "kW", decimals: 2 },
  KWH: { sign: "kWh", decimals: 2 },
  WHR: { sign: "Wh", decimals: 0 },
  HTZ: { sign: "Hz", decimals: 1 },
  SEC: { sign: "s", decimals: 1 },
  MIN: { sign: "min", decimals: 0 },
  NTU: { sign: "NTU", decimals: 1 },
  Q30: { sign: "pH", decimals: 2 },
  LTR: { sign: "L", decimals: 1 },
  MTQ: { sign: "m³", decimals: 2 },
  D10: { sign: "S/m", decimals: 3 },
  DBM: { sign: "dBm", decimals: 0 },
};

const SHARES = new Set(["relativeHumidity", "occupancy", "batteryLevel", "fillingLevel", "soilMoisture"]);
const CARS: Pair = ["台", "vehicles"];
const PLACES: Pair = ["台", "spaces"];
const COUNTED: Readonly<Record<string, Pair>> = {
  intensity: CARS,
  intensitySmallVehicle: CARS,
  intensityLargeVehicle: CARS,
  intensityMotorcycle: CARS,
  intensityBicycle: CARS,
  intensityUnidentified: CARS,
  vehicleEntranceCount: CARS,
  vehicleExitCount: CARS,
  availableSpotNumber: PLACES,
  occupiedSpotNumber: PLACES,
  totalSpotNumber: PLACES,
  availableBikeNumber: ["台", "bikes"],
  peopleCount: ["人", "people"],
};
const COMPASS: readonly Pair[] = [
  ["北", "N"],
  ["北東", "NE"],
  ["東", "E"],
  ["南東", "SE"],
  ["南", "S"],
  ["南西", "SW"],
  ["西", "W"],
  ["北西", "NW"],
];

/** How numbers of an attribute are shown: multiplied by `factor`, with so many decimals, before `unit`. */
export interface Measure {
  readonly factor: number;
  readonly decimals: number | undefined;
  readonly unit: string;
}

export function measureOf(attribute: string, unitCode?: string): Measure {
  if (SHARES.has(attribute) && (unitCode === undefined || unitCode === "C62")) return { factor: 100, decimals: 0, unit: "%" };
  if (COUNTED[attribute] !== undefined) return { factor: 1, decimals: 0, unit: pick(COUNTED[attribute]) };
  if (attribute === "wbgt") return { factor: 1, decimals: 1, unit: "℃" };
  if (unitCode === undefined || unitCode === "C62") return { factor: 1, decimals: undefined, unit: "" };
  const known = UNITS[unitCode];
  return known === undefined
    ? { factor: 1, decimals: undefined, unit: unitCode }
    : { factor: 1, decimals: known.decimals, unit: known.sign };
}

/** A sign for a unit by its code: `GQ` is µg/m³. */
export const unitSign = (unitCode: string | undefined): string =>
  unitCode === undefined || unitCode === "C62" ? "" : (UNITS[unitCode]?.sign ?? unitCode);

export interface Shown {
  readonly text: string;
  readonly unit: string;
}

/** A value of any kind for people: numbers with units, yes and no, known words, times; `–` for what is not for reading. */
export function showValue(attribute: string, value: unknown, unitCode?: string): Shown {
  if (typeof value === "number") return showNumber(attribute, value, unitCode);
  if (typeof value === "boolean") return { text: yesNo(value), unit: "" };
  if (typeof value === "string") return { text: showText(value), unit: "" };
  if (Array.isArray(value) && value.every((each) => typeof each !== "object")) {
    return { text: value.map((each) => showValue(attribute, each).text).join(isJapanese() ? "、" : ", "), unit: "" };
  }
  return { text: showObject(value), unit: "" };
}

function showNumber(attribute: string, value: number, unitCode?: string): Shown {
  const { factor, decimals, unit } = measureOf(attribute, unitCode);
  const text = formatNumber(value * factor, decimals);
  if (attribute !== "windDirection") return { text, unit };
  const point = COMPASS[((Math.round(value / 45) % 8) + 8) % 8];
  return { text: point === undefined ? text : `${pick(point)} ${text}`, unit };
}

function showText(value: string): string {
  if (/^\d{4}-\d{2}-\d{2}T/.test(value)) return formatMoment(value);
  return valueWord(plainId(value));
}

/** A place, a date, an address: what can be said of it in a line. */
function showObject(value: unknown): string {
  if (typeof value !== "object" || value === null) return "–";
  const members = value as Record<string, unknown>;
  if (members["@type"] === "DateTime" || members["@type"] === "Date") return showText(String(members["@value"]));
  if (members.type === "Point" && Array.isArray(members.coordinates)) {
    const [longitude, latitude] = members.coordinates as number[];
    return showPosition(longitude ?? NaN, latitude ?? NaN);
  }
  const texts = Object.values(members).filter((each) => typeof each === "string");
  return texts.length > 0 ? texts.join(" ") : "–";
}

export function showPosition(longitude: number, latitude: number): string {
  const [north, east] = [formatNumber(latitude, 4), formatNumber(longitude, 4)];
  return isJapanese() ? `北緯 ${north} 度、東経 ${east} 度` : `${north}° N, ${east}° E`;
}

/** One string: `12.3 µg/m³`, `45 %`, `12台`. */
export function formatValue(attribute: string, value: unknown, unitCode?: string): string {
  const { text, unit } = showValue(attribute, value, unitCode);
  if (unit === "") return text;
  return unit === "台" || unit === "人" ? `${text}${unit}` : `${text} ${unit}`;
}
