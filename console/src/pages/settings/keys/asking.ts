/** Keys as the API has them. */

import { type QueryClient, useQuery } from "@tanstack/react-query";
import { answer, api } from "../../../api/client";
import type { components } from "../../../api/schema";

export type Key = components["schemas"]["ApiKey"];
export type NewKey = components["schemas"]["NewApiKey"];
export type Draft = components["schemas"]["ApiKeyDraft"];

const KEYS = ["settings", "keys"];
const LOOK_MS = 60_000; // "last used" is known to the minute

export const useKeys = () =>
  useQuery({
    queryKey: KEYS,
    queryFn: async ({ signal }) => (await answer(api.GET("/api/v1/keys", { signal }))).keys,
    refetchInterval: LOOK_MS,
  });

const pathOf = (prefix: string) => ({ params: { path: { prefix } } });

export const makeKey = (draft: Draft): Promise<NewKey> => answer(api.POST("/api/v1/keys", { body: draft }));

/** A key in the place of another, which goes on for `overlapHours`. */
export const rotateKey = (prefix: string, overlapHours: number): Promise<NewKey> =>
  answer(api.POST("/api/v1/keys/{prefix}/rotate", { ...pathOf(prefix), body: { overlapHours } }));

export const revokeKey = (prefix: string) => api.DELETE("/api/v1/keys/{prefix}", pathOf(prefix));

export const forget = (queries: QueryClient) => queries.invalidateQueries({ queryKey: KEYS });
