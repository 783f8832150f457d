/** Values of tables, which name units by their signs, as people read them. */

import { formatCount, formatNumber } from "../../format/numbers";
import { measureOf } from "../../format/units";
import type { Method } from "./logic/bucket";

export interface Shape {
  readonly factor: number;
  readonly decimals: number;
  readonly unit: string;
}

const FINE = new Set(["m", "kWh", "kW", "V", "A", "mg/m³", "m³"]);

/** How numbers of an attribute are written: shares as per cent, few decimals. */
export function shapeOf(attribute: string, unit: string, method?: Method): Shape {
  if (method === "count") return { factor: 1, decimals: 0, unit: "" };
  if (unit !== "") return { factor: 1, decimals: FINE.has(unit) ? 2 : 1, unit };
  const measure = measureOf(attribute);
  const isWhole = measure.decimals === 0 && measure.factor === 1 && method !== "avg" && method !== "stddev";
  return { factor: measure.factor, decimals: isWhole ? 0 : 1, unit: measure.unit };
}

export function write(value: number, shape: Shape): string {
  return shape.decimals === 0 ? formatCount(value * shape.factor) : formatNumber(value * shape.factor, shape.decimals);
}

export function writeWithUnit(value: number, shape: Shape): string {
  return shape.unit === "" ? write(value, shape) : `${write(value, shape)} ${shape.unit}`;
}
