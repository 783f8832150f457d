/** What a subscription asks, in a sentence. */

import type { TFunction } from "i18next";
import { isJapanese } from "../../format/language";
import { attributeName, plainId, typeName } from "../../format/names";
import { formatNumber } from "../../format/numbers";
import type { Document } from "./asking";
import { type Condition, readQ } from "./logic/conditions";

type Words = TFunction<"subscriptions">;
type Json = Readonly<Record<string, unknown>>;

const textOf = (value: unknown, otherwise = "") => (typeof value === "string" ? value : otherwise);

const and = () => (isJapanese() ? "・" : ", ");

/** Its name, else what it asks. */
export function nameOf(document: Document | undefined, id: string, t: Words): string {
  const name = document?.subscriptionName ?? document?.description;
  if (typeof name === "string" && name !== "") return name;
  return document === undefined ? plainId(id) : subjectOf(document, t);
}

/** Who is watched, for what. */
export function subjectOf(document: Json, t: Words): string {
  const entities = (document.entities ?? []) as Json[];
  const kinds = entities.flatMap((one) => textOf(one.type, "*").split(",")).map((type) => (type === "*" ? t("subject.any") : typeName(type)));
  const places = entities.flatMap((one) => [one.id ?? []].flat()).map((id) => plainId(textOf(id)));
  const watched = ((document.watchedAttributes ?? []) as string[]).map(attributeName);
  const who = places.length > 0 ? places.join(and()) : [...new Set(kinds)].join(and()) || t("subject.any");
  return watched.length > 0 ? t("subject.watched", { who, what: watched.join(and()) }) : who;
}

/** The conditions, or undefined where there are none. */
export function conditionsOf(document: Json, t: Words): string | undefined {
  const q = document.q;
  if (typeof q !== "string") return undefined;
  const read = readQ(q);
  if (read === undefined) return q;
  return read.conditions.map((one) => conditionText(one, t)).join(t(read.joint === "all" ? "subject.and" : "subject.or"));
}

export function conditionText(condition: Condition, t: Words): string {
  const what = attributeName(condition.attribute);
  const number = Number(condition.value);
  const value = condition.value !== "" && Number.isFinite(number) ? formatNumber(number) : condition.value;
  switch (condition.operator) {
    case "exists":
      return t("condition.exists", { what });
    case "between":
      return t("condition.between", { what, value, upper: condition.upper ?? "" });
    case "contains":
      return t("condition.contains", { what, value });
    case ">":
      return t("condition.more", { what, value });
    case ">=":
      return t("condition.least", { what, value });
    case "<":
      return t("condition.less", { what, value });
    case "<=":
      return t("condition.most", { what, value });
    case "==":
      return t("condition.equal", { what, value });
    case "!=":
      return t("condition.unequal", { what, value });
  }
}

/** The server that is told, without path and secrets. */
export function receiverOf(document: Json | undefined): string {
  const notification = (document?.notification ?? {}) as Json;
  const uri = textOf(((notification.endpoint ?? {}) as Json).uri);
  try {
    const url = new URL(uri);
    return url.host === "" ? uri : url.host;
  } catch {
    return uri;
  }
}
