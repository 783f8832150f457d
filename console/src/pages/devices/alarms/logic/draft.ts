/** The form of an alarm rule: thresholds in the unit that people see, the rule in that of the data. */

import { readNumber } from "../../logic/draft";
import type { Rule, RuleDraft } from "../asking";

export const SIDES = ["above", "below", "outside"] as const;
export type Side = (typeof SIDES)[number];
export const SEVERITIES = ["informational", "low", "medium", "high", "critical"] as const;
export const CATEGORIES = ["environment", "weather", "traffic", "naturalDisaster", "health", "security", "agriculture"] as const;

export interface Form {
  readonly name: string;
  readonly type: string;
  readonly attribute: string;
  readonly side: Side;
  readonly above: string;
  readonly below: string;
  readonly hysteresis: string;
  readonly minutes: string;
  readonly severity: (typeof SEVERITIES)[number];
  readonly category: (typeof CATEGORIES)[number];
  /** Only these entities; none: all of the kind. */
  readonly ids: readonly string[];
}

export const EMPTY: Form = {
  name: "",
  type: "",
  attribute: "",
  side: "above",
  above: "",
  below: "",
  hysteresis: "",
  minutes: "",
  severity: "medium",
  category: "environment",
  ids: [],
};

export type Flaw = "name" | "type" | "attribute" | "above" | "below" | "order" | "hysteresis" | "minutes";
const MOST_MINUTES = 30 * 24 * 60;

/** Without the noise of binary fractions: 0.35 / 100 is 0.0035. */
const round = (value: number): number => Number(value.toPrecision(12));

const write = (value: number | null | undefined, factor: number): string => (value === null || value === undefined ? "" : String(round(value * factor)));

/** A rule as its form shows it; `factor` leads from the data's unit to the one that people see. */
export function formOf(rule: Rule, factor: number): Form {
  const [hasAbove, hasBelow] = [rule.above !== undefined, rule.below !== undefined];
  return {
    name: rule.name,
    type: rule.type,
    attribute: rule.attribute,
    side: hasAbove && hasBelow ? "outside" : hasBelow ? "below" : "above",
    above: write(rule.above, factor),
    below: write(rule.below, factor),
    hysteresis: rule.hysteresis === 0 ? "" : write(rule.hysteresis, factor),
    minutes: rule.forSeconds === 0 ? "" : write(rule.forSeconds, 1 / 60),
    severity: SEVERITIES.find((one) => one === rule.severity) ?? "medium",
    category: CATEGORIES.find((one) => one === rule.category) ?? "environment",
    ids: rule.ids ?? [],
  };
}

export interface Limits {
  readonly above?: number;
  readonly below?: number;
}

/** The thresholds in the data's unit; undefined while one is missing or wrong. */
export function limitsOf(form: Form, factor: number): Limits | undefined {
  const [above, below] = [readNumber(form.above), readNumber(form.below)];
  const isWith = { above: form.side !== "below", below: form.side !== "above" };
  if ((isWith.above && above === undefined) || (isWith.below && below === undefined)) return undefined;
  return {
    ...(isWith.above && above !== undefined && { above: round(above / factor) }),
    ...(isWith.below && below !== undefined && { below: round(below / factor) }),
  };
}

/** What keeps the rule from being saved; in the order of the form. */
export function flawsOf(form: Form): Flaw[] {
  const flaws: Flaw[] = [];
  if (form.name.trim() === "") flaws.push("name");
  if (form.type === "") flaws.push("type");
  if (form.attribute === "") flaws.push("attribute");
  const [above, below] = [readNumber(form.above), readNumber(form.below)];
  if (form.side !== "below" && above === undefined) flaws.push("above");
  if (form.side !== "above" && below === undefined) flaws.push("below");
  const back = form.hysteresis.trim() === "" ? 0 : readNumber(form.hysteresis);
  if (back === undefined || back < 0) flaws.push("hysteresis");
  else if (form.side === "outside" && above !== undefined && below !== undefined && below + back >= above - back) flaws.push("order");
  const minutes = form.minutes.trim() === "" ? 0 : readNumber(form.minutes);
  if (minutes === undefined || minutes < 0 || minutes > MOST_MINUTES) flaws.push("minutes");
  return flaws;
}

/** The rule to send; members that the form does not show stay as they are in `former`. */
export function draftOf(form: Form, factor: number, id: string, former?: Rule): RuleDraft {
  const { message, recoveryMessage, idPattern, isActive } = former ?? {};
  return {
    id,
    name: form.name.trim(),
    type: form.type,
    attribute: form.attribute,
    ...limitsOf(form, factor),
    hysteresis: round((readNumber(form.hysteresis) ?? 0) / factor),
    forSeconds: round((readNumber(form.minutes) ?? 0) * 60),
    severity: form.severity,
    category: form.category,
    ...(form.ids.length > 0 && { ids: [...form.ids] }),
    ...(message !== undefined && { message }),
    ...(recoveryMessage !== undefined && { recoveryMessage }),
    ...(idPattern !== undefined && { idPattern }),
    ...(isActive !== undefined && { isActive }),
  };
}

/** NGSI-LD's question for what is beyond the thresholds now. */
export function questionOf(attribute: string, limits: Limits): string {
  const terms = [limits.above === undefined ? [] : [`${attribute}>${limits.above}`], limits.below === undefined ? [] : [`${attribute}<${limits.below}`]];
  return terms.flat().join("|");
}

/** An id for a new rule: people see its name, never this. */
export const newId = (attribute: string, now: number = Date.now()): string => `${attribute.replace(/[^A-Za-z0-9_.-]/g, "-").slice(0, 40)}-${now.toString(36)}`;
