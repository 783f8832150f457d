import { formatBytes, formatCount } from "../../../format/numbers";
import type { Measure } from "./report";

export const writeMeasure = (measure: Measure, value: number): string => (measure === "bytes" ? formatBytes(value) : formatCount(value));
