/** Subscriptions as the API has them: what they ask (NGSI-LD), and how they stand (Machi's own). */

import { type QueryClient, useQuery } from "@tanstack/react-query";
import { answer, api, send } from "../../api/client";
import type { components } from "../../api/schema";
import type { Standing } from "./logic/reasons";

export type Overview = components["schemas"]["SubscriptionOverview"];
export type Delivery = components["schemas"]["NotificationDelivery"];
export type Statistics = components["schemas"]["DeliveryStatistics"];
export type Tested = components["schemas"]["TestedNotification"];
export type Document = Readonly<Record<string, unknown>> & { readonly id: string };

export interface Listed {
  readonly id: string;
  readonly overview: Overview;
  /** Absent where it was deleted between two questions. */
  readonly document: Document | undefined;
}

const PAGE = 1000;
const LOOK_MS = 5_000;

/** An overview as the diagnosis reads it. */
export const standingOf = (overview: Overview): Standing => overview;

async function getDocuments(signal: AbortSignal): Promise<Map<string, Document>> {
  const found = new Map<string, Document>();
  for (let offset = 0; ; offset += PAGE) {
    const response = await send(`/ngsi-ld/v1/subscriptions?limit=${PAGE}&offset=${offset}`, { signal });
    const page = (await response.json()) as Document[];
    for (const one of page) found.set(one.id, one);
    if (page.length < PAGE) return found;
  }
}

async function getOverviews(signal: AbortSignal): Promise<Overview[]> {
  const found: Overview[] = [];
  let after: string | undefined;
  do {
    const query = { limit: PAGE, ...(after !== undefined && { after }) };
    const page = await answer(api.GET("/api/v1/subscriptions", { params: { query }, signal }));
    found.push(...page.subscriptions);
    after = typeof page.next === "string" ? page.next : undefined;
  } while (after !== undefined);
  return found;
}

export const useSubscriptions = () =>
  useQuery({
    queryKey: ["subscriptions", "list"],
    queryFn: async ({ signal }): Promise<Listed[]> => {
      const [overviews, documents] = await Promise.all([getOverviews(signal), getDocuments(signal)]);
      return overviews.map((overview) => ({ id: overview.id, overview, document: documents.get(overview.id) }));
    },
    refetchInterval: LOOK_MS,
  });

const pathOf = (id: string) => ({ params: { path: { subscription_id: id } } });

export const useOverview = (id: string) =>
  useQuery({
    queryKey: ["subscriptions", "overview", id],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/subscriptions/{subscription_id}", { ...pathOf(id), signal })),
    refetchInterval: LOOK_MS,
  });

export const useDocument = (id: string) =>
  useQuery({
    queryKey: ["subscriptions", "document", id],
    queryFn: async ({ signal }) => (await (await send(`/ngsi-ld/v1/subscriptions/${encodeURIComponent(id)}`, { signal })).json()) as Document,
  });

export const useStatistics = (id: string, hours: number) =>
  useQuery({
    queryKey: ["subscriptions", "statistics", id, hours],
    queryFn: ({ signal }) =>
      answer(
        api.GET("/api/v1/subscriptions/{subscription_id}/statistics", {
          params: { path: { subscription_id: id }, query: { hours } },
          signal,
        }),
      ),
    refetchInterval: 2 * LOOK_MS,
  });

export const STATES = ["waiting", "delivered", "deadLettered", "cancelled", "coalesced"] as const;
export type State = (typeof STATES)[number];

const MANY = 500;

/** The newest of some states, at once. */
export const useNewest = (id: string, states: readonly State[]) =>
  useQuery({
    queryKey: ["subscriptions", "newest", id, states],
    queryFn: async ({ signal }) => {
      const path = `/api/v1/subscriptions/${encodeURIComponent(id)}/deliveries?limit=${MANY}&state=${states.join(",")}`;
      return ((await (await send(path, { signal })).json()) as components["schemas"]["NotificationDeliveryList"]).deliveries;
    },
    refetchInterval: 2 * LOOK_MS,
  });

export async function getDeliveries(id: string, state: State | undefined, before: number | undefined, signal: AbortSignal) {
  const query = { limit: 50, ...(state !== undefined && { state: [state] }), ...(before !== undefined && { before }) };
  const page = await answer(
    api.GET("/api/v1/subscriptions/{subscription_id}/deliveries", { params: { path: { subscription_id: id }, query }, signal }),
  );
  return { items: page.deliveries, next: typeof page.next === "number" ? page.next : undefined };
}

export const getDeadLetter = (id: string, delivery: number, signal: AbortSignal) =>
  answer(
    api.GET("/api/v1/subscriptions/{subscription_id}/dead-letters/{delivery_id}", {
      params: { path: { subscription_id: id, delivery_id: String(delivery) } },
      signal,
    }),
  );

export const test = (id: string) => answer(api.POST("/api/v1/subscriptions/{subscription_id}/test", pathOf(id)));

export const pause = (id: string, reason: string) =>
  answer(api.POST("/api/v1/subscriptions/{subscription_id}/pause", { ...pathOf(id), body: { reason } }));

export const resume = (id: string) => answer(api.POST("/api/v1/subscriptions/{subscription_id}/resume", pathOf(id)));

/** Without numbers: all of them. */
export const replay = (id: string, numbers?: readonly number[]) =>
  answer(
    api.POST("/api/v1/subscriptions/{subscription_id}/dead-letters/replay", {
      ...pathOf(id),
      body: numbers === undefined ? {} : { ids: [...numbers] },
    }),
  );

/** Goes through all that is kept, step by step; tells how many are on their way. */
export async function catchUp(id: string, since: string, signal: AbortSignal, tell: (queued: number) => void): Promise<number> {
  let queued = 0;
  let body: { since: string } | { cursor: string } = { since };
  for (;;) {
    const step: components["schemas"]["CaughtUp"] = await answer(
      api.POST("/api/v1/subscriptions/{subscription_id}/catch-up", { ...pathOf(id), body, signal }),
    );
    queued += step.queued;
    tell(queued);
    if (typeof step.next !== "string") return queued;
    body = { cursor: step.next };
  }
}

const json = (body: unknown): RequestInit => ({ body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });

/** Gives the id of what was made. */
export async function create(document: unknown): Promise<string> {
  const response = await send("/ngsi-ld/v1/subscriptions", { method: "POST", ...json(document) });
  const location = response.headers.get("Location") ?? "";
  return decodeURIComponent(location.slice(location.lastIndexOf("/") + 1));
}

export async function update(id: string, changes: unknown): Promise<void> {
  await send(`/ngsi-ld/v1/subscriptions/${encodeURIComponent(id)}`, { method: "PATCH", ...json(changes) });
}

export async function remove(id: string): Promise<void> {
  await send(`/ngsi-ld/v1/subscriptions/${encodeURIComponent(id)}`, { method: "DELETE" });
}

export interface Preview {
  readonly count?: number | null;
  readonly samples: readonly (Readonly<Record<string, unknown>> & { readonly id: string; readonly type: string | readonly string[] })[];
}

export async function preview(selection: unknown, signal: AbortSignal): Promise<Preview> {
  const response = await send("/api/v1/subscriptions/preview", { method: "POST", signal, ...json(selection) });
  return (await response.json()) as Preview;
}

export const forget = (queries: QueryClient) => queries.invalidateQueries({ queryKey: ["subscriptions"] });

