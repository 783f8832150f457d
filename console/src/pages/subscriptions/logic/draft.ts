/** A subscription as the form has it, and as NGSI-LD has it (clause 5.2.12). */

import { type Condition, flawOf, type Joint, readQ, writeQ } from "./conditions";

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
  /** Whether only what is watched is sent. */
  readonly sendsWatchedOnly: boolean;
  /** Seconds, as typed. */
  readonly throttling: string;
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
  sendsWatchedOnly: false,
  throttling: "",
};

export type Field = "name" | "types" | "watched" | "conditions" | "area" | "uri" | "header" | "secret" | "throttling";
export type Flaws = Readonly<Partial<Record<Field, string>>>;

const SCHEMES = /^(https?|mqtts?|mailto):/i;

/** What has to be mended before it can be sent: field to the key of the words that say how. */
export function flawsOf(draft: Draft): Flaws {
  const flaws: Partial<Record<Field, string>> = {};
  if (draft.types.length === 0 && draft.ids.length === 0) flaws.types = "needed";
  if (draft.conditions.some((one) => flawOf(one) !== undefined)) flaws.conditions = "incomplete";
  if (draft.area?.kind === "circle" && !(draft.area.radius > 0)) flaws.area = "radius";
  if (draft.area?.kind === "polygon" && draft.area.corners.length < 3) flaws.area = "corners";
  const uri = uriFlaw(draft.uri.trim());
  if (uri !== undefined) flaws.uri = uri;
  if ((draft.headerName.trim() === "") !== (draft.headerValue === "")) flaws.header = "pair";
  const throttling = draft.throttling.trim();
  if (throttling !== "" && !(Number(throttling) > 0)) flaws.throttling = "positive";
  return flaws;
}

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
  const selector = { type: types.join(","), ...(draft.ids.length > 0 && { id: draft.ids }) };
  const q = writeQ(draft.conditions, draft.joint);
  const geoQ = writeArea(draft.area);
  return {
    type: "Subscription",
    entities: [selector],
    ...(draft.watched.length > 0 && { watchedAttributes: draft.watched }),
    ...(q !== undefined && { q }),
    ...(geoQ !== undefined && { geoQ }),
  };
}

export function writeDraft(draft: Draft): Record<string, unknown> {
  const header = draft.headerName.trim();
  const throttling = Number(draft.throttling.trim());
  return {
    ...(writeSelection(draft) ?? { type: "Subscription" }),
    ...(draft.name.trim() !== "" && { subscriptionName: draft.name.trim() }),
    ...(draft.description.trim() !== "" && { description: draft.description.trim() }),
    ...(throttling > 0 && { throttling }),
    notification: {
      ...(draft.sendsWatchedOnly && draft.watched.length > 0 && { attributes: draft.watched }),
      format: draft.format,
      endpoint: {
        uri: draft.uri.trim(),
        accept: "application/json",
        ...(header !== "" && { receiverInfo: [{ key: header, value: draft.headerValue }] }),
        ...(draft.secret !== "" && { secrets: [draft.secret] }),
      },
    },
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

type Json = Readonly<Record<string, unknown>>;

/** Reads a stored subscription for the form; undefined where it holds what the form cannot show, and would lose. */
export function readDraft(document: Json): Draft | undefined {
  if (Object.keys(document).some((name) => !KNOWN.has(name))) return undefined;
  const notification = (document.notification ?? {}) as Json;
  if (Object.keys(notification).some((name) => !KNOWN_OF_NOTIFICATION.has(name))) return undefined;
  const endpoint = (notification.endpoint ?? {}) as Json;
  if (Object.keys(endpoint).some((name) => !KNOWN_OF_ENDPOINT.has(name))) return undefined;
  const entities = (document.entities ?? []) as Json[];
  const selector = entities[0];
  if (entities.length !== 1 || selector === undefined || "idPattern" in selector) return undefined;
  const q = document.q;
  const conditions = typeof q === "string" ? readQ(q) : { joint: "all" as const, conditions: [] };
  const area = "geoQ" in document ? readArea(document.geoQ as Json) : undefined;
  if (conditions === undefined || ("geoQ" in document && area === undefined)) return undefined;
  const type = text(selector.type);
  if (/[;()]/.test(type)) return undefined;
  const pairs = (endpoint.receiverInfo ?? []) as { key: string; value: string }[];
  const secrets = (endpoint.secrets ?? []) as string[];
  if (pairs.length > 1 || secrets.length > 1) return undefined;
  const watched = (document.watchedAttributes ?? []) as string[];
  const sent = notification.attributes as string[] | undefined;
  if (sent !== undefined && [...sent].sort().join() !== [...watched].sort().join()) return undefined;
  return {
    name: text(document.subscriptionName),
    description: text(document.description),
    types: type === "*" ? [] : type.split(","),
    ids: [selector.id ?? []].flat() as string[],
    watched,
    ...conditions,
    area,
    uri: text(endpoint.uri),
    headerName: pairs[0]?.key ?? "",
    headerValue: pairs[0]?.value ?? "",
    secret: secrets[0] ?? "",
    format: readFormat(notification.format),
    sendsWatchedOnly: sent !== undefined,
    throttling: typeof document.throttling === "number" ? String(document.throttling) : "",
  };
}

const SERVED = ["id", "type", "status", "isActive", "createdAt", "modifiedAt", "jsonldContext", "notificationTrigger", "@context", "origin"];
const KNOWN = new Set([...SERVED, "subscriptionName", "description", "entities", "watchedAttributes", "q", "geoQ", "throttling", "notification"]);
const COUNTS = ["status", "timesSent", "timesFailed", "lastNotification", "lastSuccess", "lastFailure"];
const KNOWN_OF_NOTIFICATION = new Set([...COUNTS, "attributes", "format", "endpoint"]);
const KNOWN_OF_ENDPOINT = new Set(["uri", "accept", "receiverInfo", "secrets"]);

const text = (value: unknown) => (typeof value === "string" ? value : "");

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

/** The changes of a stored subscription: what the form can take away is removed by null. */
export function writeChanges(draft: Draft): Record<string, unknown> {
  const document = writeDraft(draft);
  const removable = ["subscriptionName", "description", "watchedAttributes", "q", "geoQ", "throttling"];
  const removed = removable.filter((name) => !(name in document)).map((name) => [name, "urn:ngsi-ld:null"] as const);
  return { ...document, ...Object.fromEntries(removed) };
}

/** The field of the form that a problem's pointer (RFC 6901) lies in. */
export function fieldAt(pointer: string | undefined): Field | undefined {
  if (pointer === undefined) return undefined;
  const fields: readonly (readonly [string, Field])[] = [
    ["/notification/endpoint/receiverInfo", "header"],
    ["/notification/endpoint/secrets", "secret"],
    ["/notification/endpoint", "uri"],
    ["/entities", "types"],
    ["/watchedAttributes", "watched"],
    ["/notification/attributes", "watched"],
    ["/q", "conditions"],
    ["/geoQ", "area"],
    ["/throttling", "throttling"],
    ["/subscriptionName", "name"],
    ["/description", "name"],
  ];
  return fields.find(([start]) => pointer === start || pointer.startsWith(`${start}/`))?.[1];
}
