/** A stored subscription in the form, and its changes. */

import { readQ } from "./conditions";
import { ACCEPTS, type Area, type Draft, type Field, type NotificationFormat, toLocal, USUAL_TRIGGERS, writeDraft } from "./draft";

type Json = Readonly<Record<string, unknown>>;

/** Reads a stored subscription for the form; undefined where it holds what the form cannot show, and would lose. */
export function readDraft(document: Json): Draft | undefined {
  const notification = (document.notification ?? {}) as Json;
  const endpoint = (notification.endpoint ?? {}) as Json;
  if (hasMore(document, KNOWN) || hasMore(notification, KNOWN_OF_NOTIFICATION) || hasMore(endpoint, KNOWN_OF_ENDPOINT)) return undefined;
  const selection = readSelection(document);
  const told = readEndpoint(endpoint);
  if (selection === undefined || told === undefined) return undefined;
  const sent = (notification.attributes ?? []) as string[];
  const isWatched = sent.length > 0 && [...sent].sort().join() === [...selection.watched].sort().join();
  return {
    name: text(document.subscriptionName),
    description: text(document.description),
    ...selection,
    ...told,
    format: readFormat(notification.format),
    sends: sent.length === 0 ? "all" : isWatched ? "watched" : "chosen",
    sent: isWatched ? [] : sent,
    throttling: number(document.throttling),
    interval: number(document.timeInterval),
    expires: typeof document.expiresAt === "string" ? toLocal(document.expiresAt) : "",
    showsChanges: notification.showChanges === true,
    hasSystemTimes: notification.sysAttrs === true,
  };
}

const SERVED = ["id", "type", "status", "isActive", "createdAt", "modifiedAt", "jsonldContext", "@context", "origin"];
const MEMBERS = ["subscriptionName", "description", "entities", "watchedAttributes", "notificationTrigger", "q", "geoQ", "scopeQ"];
const KNOWN = new Set([...SERVED, ...MEMBERS, "throttling", "timeInterval", "expiresAt", "notification"]);
const COUNTS = ["status", "timesSent", "timesFailed", "lastNotification", "lastSuccess", "lastFailure"];
const KNOWN_OF_NOTIFICATION = new Set([...COUNTS, "attributes", "format", "showChanges", "sysAttrs", "endpoint"]);
const KNOWN_OF_ENDPOINT = new Set(["uri", "accept", "receiverInfo", "secrets", "timeout", "cooldown", "notifierInfo"]);

const hasMore = (json: Json, known: ReadonlySet<string>) => Object.keys(json).some((name) => !known.has(name));
const text = (value: unknown) => (typeof value === "string" ? value : "");
const number = (value: unknown, divisor = 1) => (typeof value === "number" ? String(value / divisor) : "");

type Selection = Pick<Draft, "types" | "ids" | "idPattern" | "watched" | "joint" | "conditions" | "area" | "scopeQ" | "triggers">;

function readSelection(document: Json): Selection | undefined {
  const entities = (document.entities ?? []) as Json[];
  const selector = entities[0];
  if (entities.length !== 1 || selector === undefined) return undefined;
  const q = document.q;
  const conditions = typeof q === "string" ? readQ(q) : { joint: "all" as const, conditions: [] };
  const area = "geoQ" in document ? readArea(document.geoQ as Json) : undefined;
  const type = text(selector.type);
  if (conditions === undefined || ("geoQ" in document && area === undefined) || /[;()]/.test(type)) return undefined;
  const triggers = (document.notificationTrigger ?? []) as string[];
  return {
    types: type === "*" ? [] : type.split(","),
    ids: [selector.id ?? []].flat() as string[],
    idPattern: text(selector.idPattern),
    watched: (document.watchedAttributes ?? []) as string[],
    ...conditions,
    area,
    scopeQ: text(document.scopeQ),
    triggers: [...triggers].sort().join() === [...USUAL_TRIGGERS].sort().join() ? [] : triggers,
  };
}

interface Pair {
  readonly key: string;
  readonly value: string;
}

function readEndpoint(endpoint: Json): Pick<Draft, "uri" | "headerName" | "headerValue" | "secret" | "accept" | "timeout" | "cooldown" | "qos"> | undefined {
  const pairs = (endpoint.receiverInfo ?? []) as Pair[];
  const secrets = (endpoint.secrets ?? []) as string[];
  const info = (endpoint.notifierInfo ?? []) as Pair[];
  const accept = ACCEPTS.find((one) => one === (endpoint.accept ?? ACCEPTS[0]));
  if (pairs.length > 1 || secrets.length > 1 || accept === undefined || info.some((one) => one.key !== "MQTT-QoS")) return undefined;
  return {
    uri: text(endpoint.uri),
    headerName: pairs[0]?.key ?? "",
    headerValue: pairs[0]?.value ?? "",
    secret: secrets[0] ?? "",
    accept,
    timeout: number(endpoint.timeout, 1000),
    cooldown: number(endpoint.cooldown, 1000),
    qos: info[0]?.value ?? "",
  };
}

function readFormat(value: unknown): NotificationFormat {
  if (value === "keyValues" || value === "simplified") return "simplified";
  return value === "concise" ? "concise" : "normalized";
}

function readArea(geo: Json): Area | undefined {
  if ("geoproperty" in geo) return undefined;
  const near = /^near;maxDistance==([\d.]+)$/.exec(text(geo.georel));
  if (near && geo.geometry === "Point") {
    const [longitude, latitude] = geo.coordinates as number[];
    return { kind: "circle", longitude: longitude ?? 0, latitude: latitude ?? 0, radius: Number(near[1]) };
  }
  if (geo.georel !== "within" || geo.geometry !== "Polygon") return undefined;
  const rings = geo.coordinates as [number, number][][];
  const ring = rings[0];
  return rings.length === 1 && ring !== undefined ? { kind: "polygon", corners: ring.slice(0, -1) } : undefined;
}

const REMOVABLE = ["subscriptionName", "description", "watchedAttributes", "notificationTrigger", "q", "geoQ", "scopeQ", "throttling", "timeInterval", "expiresAt"];

/** The changes of a stored subscription: what the form can take away is removed by null. */
export function writeChanges(draft: Draft): Record<string, unknown> {
  const document = writeDraft(draft);
  const removed = REMOVABLE.filter((name) => !(name in document)).map((name) => [name, "urn:ngsi-ld:null"] as const);
  return { ...document, ...Object.fromEntries(removed) };
}

const FIELDS: readonly (readonly [string, Field])[] = [
  ["/notification/endpoint/receiverInfo", "header"],
  ["/notification/endpoint/secrets", "secret"],
  ["/notification/endpoint/timeout", "timeout"],
  ["/notification/endpoint/cooldown", "cooldown"],
  ["/notification/endpoint", "uri"],
  ["/notification/showChanges", "changes"],
  ["/notification/attributes", "sent"],
  ["/entities/0/idPattern", "idPattern"],
  ["/entities", "types"],
  ["/watchedAttributes", "watched"],
  ["/notificationTrigger", "triggers"],
  ["/q", "conditions"],
  ["/geoQ", "area"],
  ["/scopeQ", "scopeQ"],
  ["/throttling", "throttling"],
  ["/timeInterval", "interval"],
  ["/expiresAt", "expires"],
  ["/subscriptionName", "name"],
  ["/description", "name"],
];

/** The field of the form that a problem's pointer (RFC 6901) lies in. */
export function fieldAt(pointer: string | undefined): Field | undefined {
  return pointer === undefined ? undefined : FIELDS.find(([start]) => pointer === start || pointer.startsWith(`${start}/`))?.[1];
}
