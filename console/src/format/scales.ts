/**
 * How worrying a value is, on five levels, with thresholds that are Japan's own where there are some: environmental
 * standards (大気汚染・騒音に係る環境基準), heat index (日常生活における熱中症予防指針), rain and wind (気象庁の用語),
 * indoor air (建築物衛生法). For the eye only: no alarm hangs on them.
 */

import type { Pair } from "./language";

export type Level = 0 | 1 | 2 | 3 | 4;

export interface Step {
  /** Values from here on, in the unit of the scale; the first step has none below. */
  readonly from: number;
  readonly level: Level;
  readonly name: Pair;
}

export interface Scale {
  readonly attribute: string;
  /** UN/CEFACT code that the thresholds are in; values in another unit have no level. Absent: any. */
  readonly units?: readonly string[];
  readonly steps: readonly Step[];
  /** Where the thresholds come from. */
  readonly source?: Pair;
}

const LOW = -Infinity;

function steps(...listed: readonly [number, Level, string, string][]): readonly Step[] {
  return listed.map(([from, level, ja, en]) => ({ from, level, name: [ja, en] as const }));
}

const STANDARD: Pair = ["環境基準をもとにした目安", "after Japan's environmental standards"];
const WEATHER: Pair = ["気象庁の用語をもとにした目安", "after the Japan Meteorological Agency's terms"];

const SCALES: readonly Scale[] = [
  {
    attribute: "pm25",
    units: ["GQ"],
    steps: steps([LOW, 0, "少ない", "low"], [15, 1, "ふつう", "moderate"], [35, 2, "やや多い", "raised"], [50, 3, "多い", "high"], [70, 4, "非常に多い", "very high"]),
    source: STANDARD,
  },
  {
    attribute: "pm10",
    units: ["GQ"],
    steps: steps([LOW, 0, "少ない", "low"], [50, 1, "ふつう", "moderate"], [100, 2, "やや多い", "raised"], [150, 3, "多い", "high"], [200, 4, "非常に多い", "very high"]),
    source: STANDARD,
  },
  {
    attribute: "no2",
    units: ["GQ"],
    steps: steps([LOW, 0, "少ない", "low"], [40, 1, "ふつう", "moderate"], [77, 2, "やや多い", "raised"], [115, 3, "多い", "high"], [200, 4, "非常に多い", "very high"]),
    source: STANDARD,
  },
  {
    attribute: "o3",
    units: ["GQ"],
    steps: steps([LOW, 0, "少ない", "low"], [60, 1, "ふつう", "moderate"], [118, 2, "やや多い", "raised"], [180, 3, "多い", "high"], [235, 4, "注意報の目安", "advisory"]),
    source: STANDARD,
  },
  {
    attribute: "co2",
    units: ["59"],
    steps: steps([LOW, 0, "良好", "good"], [800, 1, "ふつう", "fair"], [1000, 2, "換気が必要", "air the room"], [1500, 3, "高い", "high"], [2500, 4, "非常に高い", "very high"]),
    source: ["建築物衛生法の基準をもとにした目安", "after the Act on Sanitation in Buildings"],
  },
  {
    attribute: "wbgt",
    steps: steps([LOW, 0, "ほぼ安全", "almost safe"], [21, 1, "注意", "caution"], [25, 2, "警戒", "warning"], [28, 3, "厳重警戒", "severe warning"], [31, 4, "危険", "danger"]),
    source: ["日常生活における熱中症予防指針", "after Japan's heat stroke guideline"],
  },
  {
    attribute: "temperature",
    units: ["CEL"],
    steps: steps([LOW, 3, "氷点下", "below freezing"], [0, 1, "寒い", "cold"], [10, 0, "おだやか", "mild"], [25, 1, "夏日", "summer day (25+)"], [30, 2, "真夏日", "hot day (30+)"], [35, 4, "猛暑日", "extremely hot day (35+)"]),
    source: WEATHER,
  },
  {
    attribute: "precipitation",
    units: ["MMT"],
    steps: steps([LOW, 0, "なし・弱い", "none or light"], [5, 1, "ふつう", "moderate"], [10, 2, "やや強い", "rather heavy"], [20, 3, "強い", "heavy"], [30, 4, "激しい", "very heavy"]),
    source: WEATHER,
  },
  {
    attribute: "windSpeed",
    units: ["MTS"],
    steps: steps([LOW, 0, "弱い", "light"], [5, 1, "ふつう", "moderate"], [10, 2, "やや強い", "rather strong"], [15, 3, "強い", "strong"], [20, 4, "非常に強い", "very strong"]),
    source: WEATHER,
  },
  {
    attribute: "LAeq",
    units: ["2N"],
    steps: steps([LOW, 0, "静か", "quiet"], [55, 1, "ふつう", "ordinary"], [60, 2, "やや大きい", "raised"], [65, 3, "大きい", "loud"], [70, 4, "非常に大きい", "very loud"]),
    source: STANDARD,
  },
  {
    attribute: "averageVehicleSpeed",
    units: ["KMH"],
    steps: steps([LOW, 4, "渋滞", "jammed"], [10, 3, "混雑", "congested"], [20, 2, "やや混雑", "slow"], [30, 1, "ふつう", "fair"], [40, 0, "順調", "flowing"]),
  },
  {
    attribute: "occupancy",
    steps: steps([LOW, 0, "すいている", "little"], [0.2, 1, "ふつう", "fair"], [0.5, 2, "やや混雑", "busy"], [0.8, 3, "混雑", "crowded"], [0.95, 4, "満杯", "full"]),
  },
  {
    attribute: "fillingLevel",
    steps: steps([LOW, 0, "余裕あり", "room left"], [0.5, 1, "半分", "half"], [0.75, 2, "多い", "much"], [0.9, 4, "いっぱい", "full"]),
  },
];

const BY_ATTRIBUTE = new Map(SCALES.map((scale) => [scale.attribute, scale]));

export const scaleOf = (attribute: string): Scale | undefined => BY_ATTRIBUTE.get(attribute);

/** The step that a value is on; undefined where the attribute has no scale, or the value is in another unit. */
export function stepOf(attribute: string, value: number, unitCode?: string): Step | undefined {
  const scale = BY_ATTRIBUTE.get(attribute);
  if (scale === undefined || !Number.isFinite(value)) return undefined;
  if (scale.units !== undefined && (unitCode === undefined || !scale.units.includes(unitCode))) return undefined;
  let found: Step | undefined;
  for (const step of scale.steps) if (value >= step.from) found = step;
  return found;
}

const PARKING = steps([LOW, 4, "満車", "full"], [0.001, 3, "混雑", "nearly full"], [0.1, 2, "やや混雑", "busy"], [0.3, 0, "空きあり", "free"]);
const RIVER = steps([LOW, 0, "平常", "normal"], [0.8, 1, "やや高い", "raised"], [1, 3, "注意水位以上", "alert level"], [2, 4, "危険水位以上", "danger level"]);

/** Free spaces as a share of all. */
export function parkingStep(free: number, all: number | undefined): Step | undefined {
  return all === undefined || all <= 0 ? undefined : last(PARKING, free / all);
}

/** A level of water against the levels of its own place. */
export function riverStep(level: number, alert: number | undefined, danger: number | undefined): Step | undefined {
  if (danger !== undefined && level >= danger) return last(RIVER, 2);
  return alert === undefined || alert <= 0 ? undefined : last(RIVER, Math.min(level / alert, 1.5));
}

export const relativeSteps: Readonly<Record<string, readonly Step[]>> = { availableSpotNumber: PARKING, currentLevel: RIVER };

function last(listed: readonly Step[], value: number): Step | undefined {
  return listed.findLast((step) => value >= step.from);
}

export const LEVEL_NAMES: Readonly<Record<Level, Pair>> = {
  0: ["落ち着いている", "calm"],
  1: ["ふつう", "ordinary"],
  2: ["やや注意", "worth a look"],
  3: ["注意", "attention"],
  4: ["警戒", "alarming"],
};
