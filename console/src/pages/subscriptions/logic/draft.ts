/** A subscription as the form has it, and as NGSI-LD has it (clause 5.2.12). */

import { type Condition, flawOf, type Joint, writeQ } from "./conditions";

export interface Circle {
  readonly kind: "circle";
  readonly longitude: number;
  readonly latitude: number;
  /** Metres. */
  readonly radius: number;
}

export interface Polygon {
  readonly kind: "polygon";
  /** Corners, not closed. */
  readonly corners: readonly (readonly [number, number])[];
}

export type Area = Circle | Polygon;
export type NotificationFormat = "normalized" | "concise" | "simplified";
/** All attributes, those that are watched, or those that are chosen. */
export type Sends = "all" | "watched" | "chosen";
export const ACCEPTS = ["application/json", "application/ld+json", "application/geo+json"] as const;
export type Accept = (typeof ACCEPTS)[number];
export const TRIGGERS = ["attributeCreated", "attributeUpdated", "attributeDeleted", "entityCreated", "entityUpdated", "entityDeleted"] as const;
export const USUAL_TRIGGERS: readonly string[] = ["attributeCreated", "attributeUpdated"];

export interface Draft {
  readonly name: string;
  readonly description: string;
  readonly types: readonly string[];
  readonly ids: readonly string[];
  readonly watched: readonly string[];
  readonly joint: Joint;
  readonly conditions: readonly Condition[];
  readonly area: Area | undefined;
  readonly uri: string;
  /** A header of the receiver's, such as Authorization; its value is never served again. */
  readonly headerName: string;
  readonly headerValue: string;
  readonly secret: string;
  readonly format: NotificationFormat;
  readonly sends: Sends;
  /** What is sent where it is chosen. */
  readonly sent: readonly string[];
  /** Seconds, as typed. */
  readonly throttling: string;
  /** A regular expression, found anywhere in the id. */
  readonly idPattern: string;
  readonly scopeQ: string;
  /** None: when attributes are made or changed. */
  readonly triggers: readonly string[];
  /** Day and time in Japan, as `<input type="datetime-local">` has it. */
  readonly expires: string;
  /** Seconds, as typed: so often, changes or not. */
  readonly interval: string;
  readonly showsChanges: boolean;
  readonly hasSystemTimes: boolean;
  readonly accept: Accept;
  /** Seconds, as typed. */
  readonly timeout: string;
  readonly cooldown: string;
  /** Of MQTT; empty: as the API does. */
  readonly qos: string;
}

export const EMPTY_DRAFT: Draft = {
  name: "",
  description: "",
  types: [],
  ids: [],
  watched: [],
  joint: "all",
  conditions: [],
  area: undefined,
  uri: "",
  headerName: "",
  headerValue: "",
  secret: "",
  format: "simplified",
  sends: "all",
  sent: [],
  throttling: "",
  idPattern: "",
  scopeQ: "",
  triggers: [],
  expires: "",
  interval: "",
  showsChanges: false,
  hasSystemTimes: false,
  accept: "application/json",
  timeout: "",
  cooldown: "",
  qos: "",
};

export type Field =
  | "name"
  | "types"
  | "watched"
  | "conditions"
  | "area"
  | "uri"
  | "header"
  | "secret"
  | "throttling"
  | "idPattern"
  | "scopeQ"
  | "triggers"
  | "expires"
  | "interval"
  | "changes"
  | "sent"
  | "timeout"
  | "cooldown";
export type Flaws = Readonly<Partial<Record<Field, string>>>;

const SCHEMES = /^(https?|mqtts?|mailto):/i;
export const isMqtt = (uri: string): boolean => /^mqtts?:/i.test(uri.trim());

/** What has to be mended before it can be sent: field to the key of the words that say how. */
export function flawsOf(draft: Draft, now: number = Date.now()): Flaws {
  const flaws: Partial<Record<Field, string>> = {};
  if (draft.types.length === 0 && draft.ids.length === 0) flaws.types = "needed";
  if (draft.conditions.some((one) => flawOf(one) !== undefined)) flaws.conditions = "incomplete";
  if (draft.area?.kind === "circle" && !(draft.area.radius > 0)) flaws.area = "radius";
  if (draft.area?.kind === "polygon" && draft.area.corners.length < 3) flaws.area = "corners";
  const uri = uriFlaw(draft.uri.trim());
  if (uri !== undefined) flaws.uri = uri;
  if ((draft.headerName.trim() === "") !== (draft.headerValue === "")) flaws.header = "pair";
  for (const name of ["throttling", "interval", "timeout", "cooldown"] as const) if (isNoTime(draft[name])) flaws[name] = "positive";
  if (draft.interval.trim() !== "" && (draft.watched.length > 0 || draft.throttling.trim() !== "")) flaws.interval = "excludes";
  if (!isPattern(draft.idPattern.trim())) flaws.idPattern = "wrong";
  if (draft.expires !== "" && !(fromLocal(draft.expires) > now)) flaws.expires = "past";
  if (draft.showsChanges && draft.format === "simplified") flaws.changes = "format";
  if (draft.sends === "chosen" && draft.sent.length === 0) flaws.sent = "needed";
  return flaws;
}

const isNoTime = (text: string) => text.trim() !== "" && !(Number(text.trim()) > 0);

function isPattern(text: string): boolean {
  try {
    return new RegExp(text).source !== "";
  } catch {
    return false;
  }
}

const JAPAN = "+09:00";
const JAPAN_MS = 9 * 3_600_000;

/** Milliseconds of a day and time in Japan; NaN for anything else. */
export const fromLocal = (text: string): number => Date.parse(`${text}${text.length === 16 ? ":00" : ""}${JAPAN}`);

/** As `<input type="datetime-local">` has it. */
export const toLocal = (time: string): string => new Date(Date.parse(time) + JAPAN_MS).toISOString().slice(0, 16);

function uriFlaw(uri: string): string | undefined {
  if (uri === "") return "needed";
  if (!SCHEMES.test(uri)) return "scheme";
  if (/^mailto:/i.test(uri)) return undefined;
  try {
    const url = new URL(uri);
    if (url.hostname === "" || (/^http/i.test(uri) && url.username !== "")) return url.hostname === "" ? "host" : "credentials";
  } catch {
    return "host";
  }
  return undefined;
}

/** The part that selects: enough for a preview while the rest is being written. undefined: nothing is chosen yet. */
export function writeSelection(draft: Draft): Record<string, unknown> | undefined {
  if (draft.types.length === 0 && draft.ids.length === 0) return undefined;
  const types = draft.types.length > 0 ? draft.types : ["*"];
  const idPattern = draft.idPattern.trim();
  const scopeQ = draft.scopeQ.trim();
  const selector = { type: types.join(","), ...(draft.ids.length > 0 && { id: draft.ids }), ...(idPattern !== "" && isPattern(idPattern) && { idPattern }) };
  const q = writeQ(draft.conditions, draft.joint);
  const geoQ = writeArea(draft.area);
  return {
    type: "Subscription",
    entities: [selector],
    ...(draft.watched.length > 0 && { watchedAttributes: draft.watched }),
    ...(q !== undefined && { q }),
    ...(geoQ !== undefined && { geoQ }),
    ...(scopeQ !== "" && { scopeQ }),
    ...(draft.triggers.length > 0 && { notificationTrigger: draft.triggers }),
  };
}

export function writeDraft(draft: Draft): Record<string, unknown> {
  const [throttling, interval] = [Number(draft.throttling.trim()), Number(draft.interval.trim())];
  return {
    ...(writeSelection(draft) ?? { type: "Subscription" }),
    ...(draft.name.trim() !== "" && { subscriptionName: draft.name.trim() }),
    ...(draft.description.trim() !== "" && { description: draft.description.trim() }),
    ...(throttling > 0 && { throttling }),
    ...(interval > 0 && { timeInterval: interval }),
    ...(!Number.isNaN(fromLocal(draft.expires)) && { expiresAt: new Date(fromLocal(draft.expires)).toISOString() }),
    notification: writeNotification(draft),
  };
}

function writeNotification(draft: Draft): Record<string, unknown> {
  const attributes = { all: [], watched: draft.watched, chosen: draft.sent }[draft.sends];
  return {
    ...(attributes.length > 0 && { attributes }),
    format: draft.format,
    ...(draft.showsChanges && { showChanges: true }),
    ...(draft.hasSystemTimes && { sysAttrs: true }),
    endpoint: writeEndpoint(draft),
  };
}

function writeEndpoint(draft: Draft): Record<string, unknown> {
  const header = draft.headerName.trim();
  const milliseconds = (text: string) => Math.round(Number(text.trim()) * 1000);
  return {
    uri: draft.uri.trim(),
    accept: draft.accept,
    ...(header !== "" && { receiverInfo: [{ key: header, value: draft.headerValue }] }),
    ...(draft.secret !== "" && { secrets: [draft.secret] }),
    ...(milliseconds(draft.timeout) > 0 && { timeout: milliseconds(draft.timeout) }),
    ...(milliseconds(draft.cooldown) > 0 && { cooldown: milliseconds(draft.cooldown) }),
    ...(draft.qos !== "" && isMqtt(draft.uri) && { notifierInfo: [{ key: "MQTT-QoS", value: draft.qos }] }),
  };
}

function writeArea(area: Area | undefined): Record<string, unknown> | undefined {
  if (area === undefined) return undefined;
  if (area.kind === "circle") {
    if (!(area.radius > 0)) return undefined;
    return {
      georel: `near;maxDistance==${area.radius}`,
      geometry: "Point",
      coordinates: [area.longitude, area.latitude],
    };
  }
  const first = area.corners[0];
  if (first === undefined || area.corners.length < 3) return undefined;
  return { georel: "within", geometry: "Polygon", coordinates: [[...area.corners, first]] };
}
