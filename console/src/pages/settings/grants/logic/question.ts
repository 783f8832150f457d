/** "May they …?" as the request that they would make: it is judged, never made. */

import type { components } from "../../../../api/schema";
import { type Operation, OPERATIONS } from "./draft";

export type AccessQuestion = components["schemas"]["AccessQuestion"];
type Request = AccessQuestion["request"];

/** Who asks for what; "" where nothing is chosen. */
export interface Asked {
  readonly organisation: string;
  /** One key of it: to a key alone something may be granted. */
  readonly key: string;
  readonly operation: Operation;
  readonly type: string;
  readonly entity: string;
  readonly attribute: string;
}

export function readAsked(search: URLSearchParams): Asked {
  const text = (name: string) => search.get(name) ?? "";
  return {
    organisation: text("to"),
    key: text("key"),
    operation: OPERATIONS.find((one) => one === search.get("operation")) ?? "read",
    type: text("type"),
    entity: text("entity"),
    attribute: text("attribute"),
  };
}

/** undefined: something is not chosen yet. */
export function writeQuestion(asked: Asked): AccessQuestion | undefined {
  if (asked.organisation === "" && asked.key === "") return undefined;
  const request = requestOf(asked);
  if (request === undefined) return undefined;
  if (asked.key !== "") return { key: asked.key, request };
  // Programs are the only ones that write: a partner's other keys never do
  const isChange = asked.operation === "write" || asked.operation === "delete";
  const isEverybody = asked.organisation === "public";
  return { organisation: asked.organisation, ...(isChange && !isEverybody && { role: "service" as const }), request };
}

function requestOf(asked: Asked): Request | undefined {
  if (asked.type === "" && asked.entity === "") return undefined;
  if (asked.operation === "subscribe") return { method: "POST", path: "/ngsi-ld/v1/subscriptions", body: subscription(asked) };
  if (asked.operation === "write") return writing(asked);
  if (asked.operation === "delete") return asked.entity === "" ? undefined : { method: "DELETE", path: entityPath(asked) };
  const base = asked.operation === "history" ? "/ngsi-ld/v1/temporal/entities" : "/ngsi-ld/v1/entities";
  const parameters = new URLSearchParams();
  if (asked.entity === "") parameters.set("type", asked.type);
  if (asked.attribute !== "") parameters.set("attrs", asked.attribute);
  const query = parameters.size === 0 ? "" : `?${parameters.toString()}`;
  return { method: "GET", path: (asked.entity === "" ? base : `${base}/${encodeURIComponent(asked.entity)}`) + query };
}

const entityPath = (asked: Asked): string => `/ngsi-ld/v1/entities/${encodeURIComponent(asked.entity)}`;

function subscription(asked: Asked): Request["body"] {
  return {
    type: "Subscription",
    entities: [{ type: asked.type === "" ? "*" : asked.type }],
    ...(asked.attribute !== "" && { watchedAttributes: [asked.attribute] }),
    notification: { endpoint: { uri: "https://question.invalid/" } },
  };
}

function writing(asked: Asked): Request {
  const value = asked.attribute === "" ? {} : { [asked.attribute]: { type: "Property", value: 0 } };
  if (asked.entity === "") return { method: "POST", path: "/ngsi-ld/v1/entities", body: { id: "urn:ngsi-ld:question:1", type: asked.type, ...value } };
  return { method: "PATCH", path: entityPath(asked), ...(asked.attribute !== "" && { body: value }) };
}
