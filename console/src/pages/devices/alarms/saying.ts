/** An alarm rule in a sentence: what is watched, beyond what, for how long. */

import type { TFunction } from "i18next";
import { attributeName, typeName } from "../../../format/names";
import { formatDuration } from "../../../format/times";
import { formatValue } from "../../../format/units";
import type { Rule } from "./asking";

type Words = TFunction<"devices/alarms">;

/** The rule does not say in which unit its numbers are; the entities do. */
export function sayRule(rule: Rule, unitCode: string | undefined, t: Words): string {
  const what = { type: typeName(rule.type), attribute: attributeName(rule.attribute) };
  const show = (value: number | undefined): string => (value === undefined ? "" : formatValue(rule.attribute, value, unitCode));
  const side = rule.above !== undefined && rule.below !== undefined ? "outside" : rule.below !== undefined ? "below" : "above";
  const sentence = t(`says.${side}`, { ...what, above: show(rule.above), below: show(rule.below) });
  return rule.forSeconds ? t("says.for", { sentence, time: formatDuration(rule.forSeconds) }) : sentence;
}
