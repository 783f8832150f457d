/** A grant as a sentence that a clerk would say. */

import { attributeName, typeName } from "../../../../format/names";
import { isJapanese } from "../../../../format/language";
import { DAY, formatDate, formatMoment } from "../../../../format/times";
import { isDayStart, type Operation, PUBLIC, type Terms } from "./draft";

type Told = Pick<Terms, "operations" | "types" | "attributes" | "validFrom" | "validUntil" | "historyFrom">;

const MANY = 4;

/** Names in one line: A、B と C · A, B and C; of many the first ones, and how many more. */
export function listed(names: readonly string[]): string {
  if (names.length > MANY) {
    const first = names.slice(0, MANY - 1);
    const more = names.length - first.length;
    return isJapanese() ? `${first.join("、")} ほか ${more} 件` : `${first.join(", ")} and ${more} more`;
  }
  const last = names.at(-1) ?? "";
  if (names.length < 2) return last;
  const before = names.slice(0, -1);
  return isJapanese() ? `${before.join("、")}と${last}` : `${before.join(", ")} and ${last}`;
}

/** `2027年3月31日まで`: a grant that ends with a day says the day. */
export function untilText(end: string): string {
  const day = isDayStart(end) ? formatDate(Date.parse(end) - DAY) : formatMoment(end);
  return isJapanese() ? `${day}まで` : `until ${day}`;
}

export function fromText(begin: string): string {
  const day = isDayStart(begin) ? formatDate(begin) : formatMoment(begin);
  return isJapanese() ? `${day}から` : `from ${day}`;
}

export function grantSentence(who: string, terms: Told): string {
  return isJapanese() ? japanese(who, terms) : english(who, terms);
}

const has = (terms: Told, operation: Operation): boolean => terms.operations.includes(operation);

function japanese(who: string, terms: Told): string {
  const types = terms.types === undefined || terms.types.length === 0 ? "すべての種類のデータ" : listed([...new Set(terms.types.map(typeName))]);
  const attributes = terms.attributes === undefined || terms.attributes.length === 0 ? "" : `の${listed(terms.attributes.map(attributeName))}`;
  const times = [...(terms.validFrom === undefined ? [] : [fromText(terms.validFrom)]), ...(terms.validUntil === undefined ? [] : [untilText(terms.validUntil)])].join("");
  const seen = valuesJapanese(terms);
  const acts: [middle: string, end: string][] = [
    ...(seen === undefined ? [] : [[`${seen}を見られ`, `${seen}を見られます`] as [string, string]]),
    ...(has(terms, "subscribe") ? [["変化の通知を受け取れ", "変化の通知を受け取れます"] as [string, string]] : []),
    ...(has(terms, "write") ? [["値を書き込め", "値を書き込めます"] as [string, string]] : []),
    ...(has(terms, "delete") ? [["データを削除でき", "データを削除できます"] as [string, string]] : []),
  ];
  const told = acts.map(([middle, end], index) => (index === acts.length - 1 ? end : middle)).join("、");
  return `${who}は${times === "" ? "" : `、${times}`}、${types}${attributes}の${told}。`;
}

function valuesJapanese(terms: Told): string | undefined {
  if (has(terms, "read") && has(terms, "history")) return "いまの値と過去の値";
  if (has(terms, "read")) return "いまの値";
  return has(terms, "history") ? "過去の値" : undefined;
}

function english(who: string, terms: Told): string {
  const types = terms.types === undefined || terms.types.length === 0 ? "data of every kind" : listed([...new Set(terms.types.map(typeName))]);
  const attributes = terms.attributes === undefined || terms.attributes.length === 0 ? types : `${listed(terms.attributes.map(attributeName))} (${types})`;
  const times = [...(terms.validFrom === undefined ? [] : [fromText(terms.validFrom)]), ...(terms.validUntil === undefined ? [] : [untilText(terms.validUntil)])].join(" ");
  const seen = valuesEnglish(terms);
  const acts = [
    ...(seen === undefined ? [] : [`see ${seen}`]),
    ...(has(terms, "subscribe") ? ["be notified of changes"] : []),
    ...(has(terms, "write") ? ["write values"] : []),
    ...(has(terms, "delete") ? ["delete"] : []),
  ];
  return `${who} may ${listed(acts)}: ${attributes}${times === "" ? "" : `, ${times}`}.`;
}

function valuesEnglish(terms: Told): string | undefined {
  if (has(terms, "read") && has(terms, "history")) return "current and past values";
  if (has(terms, "read")) return "current values";
  return has(terms, "history") ? "past values" : undefined;
}

/** How an organisation is called in the language that is shown. */
export function organisationName(one: { readonly name: string; readonly nameJa?: string; readonly nameEn?: string }): string {
  if (one.name === PUBLIC) return isJapanese() ? "だれでも (一般公開)" : "Everybody (public)";
  const [first, second] = isJapanese() ? [one.nameJa, one.nameEn] : [one.nameEn, one.nameJa];
  return [first, second].find((name) => name !== undefined && name !== "") ?? one.name;
}
