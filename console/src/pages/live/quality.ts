/** What is said of a value besides itself (NGSI-LD: properties of properties), in a few words. */

import type { Attribute } from "../../api/entities";
import { isJapanese, pick } from "../../format/language";
import { formatNumber, formatShare } from "../../format/numbers";

const WORDS: Readonly<Record<string, readonly [string, string]>> = {
  good: ["品質: 良好", "quality: good"],
  suspect: ["品質: 疑わしい", "quality: suspect"],
  questionable: ["品質: 疑わしい", "quality: questionable"],
  bad: ["品質: 不良", "quality: bad"],
  missing: ["品質: 欠測", "quality: missing"],
  estimated: ["推定値", "estimated"],
};

function plain(value: unknown): unknown {
  return typeof value === "object" && value !== null && "value" in value ? value.value : value;
}

/** One short text for each thing said: quality, accuracy, reliability. */
export function qualityOf(attribute: Attribute): string[] {
  const found: string[] = [];
  for (const [name, raw] of Object.entries(attribute.about)) {
    const value = plain(raw);
    const text = describe(name, value);
    if (text !== undefined) found.push(text);
  }
  return found;
}

function describe(name: string, value: unknown): string | undefined {
  if (/^(quality|qualityFlag|dataQuality|status)$/i.test(name) && typeof value === "string") {
    const known = WORDS[value.toLowerCase()];
    return known === undefined ? `${isJapanese() ? "品質: " : "quality: "}${value}` : pick(known);
  }
  if (/^(accuracy|precision|uncertainty)$/i.test(name) && typeof value === "number") return `±${formatNumber(value)}`;
  if (/^(reliability|confidence)$/i.test(name) && typeof value === "number") {
    return `${pick(["信頼度", "confidence"])} ${formatShare(value)}`;
  }
  return undefined;
}
