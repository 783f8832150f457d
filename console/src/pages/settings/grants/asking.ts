/** Grants, what is personal, and why something is allowed, as the API tells. */

import { type QueryClient, useQuery } from "@tanstack/react-query";
import { answer, api, send } from "../../../api/client";
import { type Entity, getEntities } from "../../../api/entities";
import { getTypes } from "../../../api/types";
import { rankOf } from "../../../format/names";
import type { Grant, Terms } from "./logic/draft";
import type { AccessQuestion } from "./logic/question";

const ALL = ["grants"] as const;
const PAGE = 1000;
const SAMPLES = 30;
const PLACES = 1000;
const FRESH_MS = 60_000;

/** All grants of the tenant; of one organisation where that is asked for. */
export const useGrants = (organisation?: string) =>
  useQuery({ queryKey: [...ALL, "list"], queryFn: ({ signal }) => getGrants(signal), select: (all) => (organisation === undefined ? all : all.filter((one) => one.organisation === organisation)) });

async function getGrants(signal: AbortSignal): Promise<Grant[]> {
  const found: Grant[] = [];
  let after: number | undefined = 0;
  while (after !== undefined) {
    const page: { grants: Grant[]; next?: number } = await answer(api.GET("/api/v1/grants", { params: { query: { limit: PAGE, after } }, signal }));
    found.push(...page.grants);
    after = page.next;
  }
  return found;
}

/** To an organisation, or to one of its keys. */
export const createGrant = (holder: { organisation: string } | { key: string }, terms: Terms) => answer(api.POST("/api/v1/grants", { body: { ...holder, ...terms } }));

export const changeGrant = (id: number, terms: Terms) => answer(api.PUT("/api/v1/grants/{grant_id}", { params: { path: { grant_id: String(id) } }, body: terms }));

export const takeBack = (id: number) => api.DELETE("/api/v1/grants/{grant_id}", { params: { path: { grant_id: String(id) } } });

export const useTypes = () => useQuery({ queryKey: ["grants-types"], queryFn: () => getTypes(), staleTime: FRESH_MS });

/** The attributes that entities of some types have, what stands for them first. */
export const useAttributes = (types: readonly string[]) =>
  useQuery({
    queryKey: ["grants-attributes", types],
    queryFn: async ({ signal }) => {
      const pages = await Promise.all(types.map((type) => getEntities({ types: [type], limit: SAMPLES }, signal)));
      return attributesOf(pages.flatMap((page) => page.entities));
    },
    enabled: types.length > 0,
    staleTime: FRESH_MS,
    placeholderData: (before) => before,
  });

function attributesOf(entities: readonly Entity[]): string[] {
  const ranks = new Map<string, number>();
  for (const entity of entities) for (const name of entity.attributes.keys()) if (!ranks.has(name)) ranks.set(name, rankOf(name, entity.types));
  return [...ranks].sort(([one, first], [other, second]) => first - second || one.localeCompare(other)).map(([name]) => name);
}

/** Places with a position, for the map; of any type where none is named. */
export const usePlaces = (types: readonly string[], isWanted: boolean) =>
  useQuery({
    queryKey: ["grants-places", types],
    queryFn: async ({ signal }) => {
      const asked = types.length > 0 ? types : await getTypes();
      const page = await getEntities({ types: asked, attributes: ["name", "location"], limit: PLACES }, signal);
      return page.entities.filter((one) => one.position !== null);
    },
    enabled: isWanted,
    staleTime: FRESH_MS,
  });

export interface Seen {
  readonly count?: number | null;
  readonly samples: readonly (Readonly<Record<string, unknown>> & { readonly id: string; readonly type: string | readonly string[] })[];
}

/** How many entities a grant would be about now, and some of them. `selection`: as text, so that equal ones are asked once. */
export const useSeen = (selection: string | undefined) =>
  useQuery({
    queryKey: ["grants-seen", selection],
    queryFn: async ({ signal }): Promise<Seen> => {
      const headers = { "Content-Type": "application/json" };
      return (await (await send("/api/v1/subscriptions/preview", { method: "POST", headers, signal, body: selection ?? "{}" })).json()) as Seen;
    },
    enabled: selection !== undefined,
    placeholderData: (before) => before,
    retry: false,
  });

export const usePersonal = () =>
  useQuery({ queryKey: [...ALL, "personal"], queryFn: async ({ signal }) => (await answer(api.GET("/api/v1/type-policies", { signal }))).types });

export const markPersonal = (type: string, personal: string[]) => answer(api.PUT("/api/v1/type-policies/{type}", { params: { path: { type } }, body: { personal } }));

export const useExplanation = (question: AccessQuestion | undefined) =>
  useQuery({
    queryKey: [...ALL, "why", question],
    queryFn: ({ signal }) => answer(api.POST("/api/v1/access/explain", { body: question ?? { request: { method: "GET", path: "/" } }, signal })),
    enabled: question !== undefined,
    gcTime: 0,
  });

export const forget = (queries: QueryClient) => queries.invalidateQueries({ queryKey: ALL });
