/** The form of a health rule: what cannot be true of an attribute. */

import { readNumber } from "../../logic/draft";
import type { HealthRule } from "../asking";

export const NUMBERS = ["stuckValues", "stuckMinutes", "maxStep", "minimum", "maximum"] as const;
export type NumberName = (typeof NUMBERS)[number];
export type Form = Readonly<Record<NumberName, string>> & { readonly attribute: string; readonly profile: string };
export type Flaw = NumberName | "attribute" | "condition" | "order";

export const EMPTY: Form = { attribute: "", profile: "", stuckValues: "", stuckMinutes: "", maxStep: "", minimum: "", maximum: "" };
const MOST_MINUTES = 30 * 24 * 60;

const write = (value: number | null | undefined): string => (value === null || value === undefined ? "" : String(value));

export function formOf(rule: HealthRule): Form {
  return {
    attribute: rule.attribute,
    profile: rule.profile ?? "",
    stuckValues: write(rule.stuckValues),
    stuckMinutes: write(rule.stuckSeconds === undefined ? undefined : rule.stuckSeconds / 60),
    maxStep: write(rule.maxStep),
    minimum: write(rule.minimum),
    maximum: write(rule.maximum),
  };
}

const isWrong: Readonly<Record<NumberName, (value: number) => boolean>> = {
  stuckValues: (value) => !Number.isInteger(value) || value < 2 || value > 1000,
  stuckMinutes: (value) => value <= 0 || value > MOST_MINUTES,
  maxStep: (value) => value <= 0,
  minimum: () => false,
  maximum: () => false,
};

export function flawsOf(form: Form): Flaw[] {
  const flaws: Flaw[] = [];
  if (!/^\S{1,512}$/.test(form.attribute.trim())) flaws.push("attribute");
  const given = NUMBERS.filter((name) => form[name].trim() !== "");
  if (given.length === 0) flaws.push("condition");
  for (const name of given) {
    const value = readNumber(form[name]);
    if (value === undefined || isWrong[name](value)) flaws.push(name);
  }
  const [least, most] = [readNumber(form.minimum), readNumber(form.maximum)];
  if (least !== undefined && most !== undefined && least >= most) flaws.push("order");
  return flaws;
}

/** The rule to send; members that the form does not show (`devices`, `share`, `window`) stay as in `former`. */
export function ruleOf(form: Form, id: string, former?: HealthRule): HealthRule {
  const { devices, share, window, isActive } = former ?? {};
  const minutes = readNumber(form.stuckMinutes);
  const numbers = Object.fromEntries((["stuckValues", "maxStep", "minimum", "maximum"] as const).flatMap((name) => [readNumber(form[name])].flatMap((value) => (value === undefined ? [] : [[name, value]]))));
  return {
    id,
    attribute: form.attribute.trim(),
    ...(form.profile !== "" && { profile: form.profile }),
    ...numbers,
    ...(minutes !== undefined && { stuckSeconds: minutes * 60 }),
    ...(devices !== undefined && { devices }),
    ...(share !== undefined && { share }),
    ...(window !== undefined && { window }),
    ...(isActive !== undefined && { isActive }),
  };
}
