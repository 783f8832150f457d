/** What the page of alarms asks: rules, where entities stand with them, health rules, what can be watched. */

import { type QueryClient, useQueries, useQuery } from "@tanstack/react-query";
import { answer, api } from "../../../api/client";
import { getEntities } from "../../../api/entities";
import type { components } from "../../../api/schema";
import { getTypes } from "../../../api/types";
import { rankOf } from "../../../format/names";

export type Rule = components["schemas"]["AlarmRule"];
export type RuleDraft = components["schemas"]["AlarmRuleDraft"];
export type Standing = components["schemas"]["AlarmStateList"]["states"][number];
export type HealthRule = components["schemas"]["HealthRule"];
const LOOK_MS = 10_000;
const FRESH_MS = 60_000;
const MOST = 1_000;
const SAMPLES = 100;
const SHOWN = 20;
const NOT_WATCHED = new Set(["Alert"]);

export const useRules = () =>
  useQuery({
    queryKey: ["alarms", "rules"],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/alarms", { params: { query: { limit: MOST } }, signal })),
    refetchInterval: LOOK_MS,
  });

const getStates = (id: string, phase: "raised" | undefined, signal: AbortSignal) =>
  answer(api.GET("/api/v1/alarms/{rule_id}/states", { params: { path: { rule_id: id }, query: { limit: MOST, ...(phase && { phase }) } }, signal }));

/** How many entities are in alarm now, by rule; a thousand stands for that or more. */
export const useRaised = (ids: readonly string[]): ReadonlyMap<string, number> =>
  useQueries({
    queries: ids.map((id) => ({
      queryKey: ["alarms", "raised", id],
      queryFn: async ({ signal }: { signal: AbortSignal }) => (await getStates(id, "raised", signal)).states.length,
      refetchInterval: LOOK_MS,
    })),
    combine: (found) => new Map(found.flatMap(({ data }, index) => (data === undefined ? [] : [[ids[index] ?? "", data] as const]))),
  });

export const useStates = (id: string) =>
  useQuery({ queryKey: ["alarms", "states", id], queryFn: ({ signal }) => getStates(id, undefined, signal), refetchInterval: LOOK_MS });

/** Names of the entities of a kind, by id. */
export const useNames = (type: string) =>
  useQuery({
    queryKey: ["alarms", "names", type],
    queryFn: async ({ signal }) => new Map((await getEntities({ types: [type], attributes: ["name"] }, signal)).entities.map((one) => [one.id, one.name])),
    staleTime: FRESH_MS,
    retry: false,
  });

export const useTypes = () =>
  useQuery({ queryKey: ["alarms", "types"], queryFn: async () => (await getTypes()).filter((type) => !NOT_WATCHED.has(type)), staleTime: FRESH_MS });

export interface Watchable {
  readonly name: string;
  readonly unitCode?: string;
}

/** The numbers that entities of a kind have, those first that stand for it. */
export const useWatchable = (type: string) =>
  useQuery({
    queryKey: ["alarms", "watchable", type],
    queryFn: async ({ signal }): Promise<Watchable[]> => {
      const found = new Map<string, Watchable>();
      for (const entity of (await getEntities({ types: [type], limit: SAMPLES }, signal)).entities) {
        for (const [name, { value, unitCode }] of entity.attributes) {
          if (typeof value === "number" && !found.has(name)) found.set(name, { name, ...(unitCode !== undefined && { unitCode }) });
        }
      }
      return [...found.values()].sort((one, other) => rankOf(one.name, type) - rankOf(other.name, type) || one.name.localeCompare(other.name));
    },
    enabled: type !== "",
    staleTime: FRESH_MS,
  });

/** Those of some places, among the first thousand of the kind. */
const getSome = async (type: string, ids: readonly string[], attribute: string, q: string, signal: AbortSignal) =>
  (await getEntities({ types: [type], attributes: ["name", attribute], q, limit: MOST }, signal)).entities.filter((one) => ids.includes(one.id));

/** Of a kind: how many have the attribute, and which of them are beyond the threshold now. */
export const usePreview = (type: string, attribute: string, q: string | undefined, ids: readonly string[]) =>
  useQuery({
    queryKey: ["alarms", "preview", type, attribute, q, ids],
    queryFn: async ({ signal }) => {
      if (ids.length > 0) {
        const some = await Promise.all([attribute, q ?? ""].map((one) => getSome(type, ids, attribute, one, signal)));
        return { all: some[0]?.length ?? 0, beyond: some[1]?.length ?? 0, first: some[1] ?? [] };
      }
      const [all, beyond] = await Promise.all([
        getEntities({ types: [type], attributes: [attribute], q: attribute, limit: 1 }, signal),
        getEntities({ types: [type], attributes: ["name", attribute], q: q ?? "", limit: SHOWN }, signal),
      ]);
      return { all: all.total, beyond: beyond.total, first: beyond.entities };
    },
    enabled: type !== "" && attribute !== "" && q !== undefined,
    placeholderData: (before) => before,
  });

export const makeRule = (rule: RuleDraft) => answer(api.POST("/api/v1/alarms", { body: rule }));

export const replaceRule = (rule: RuleDraft) => answer(api.PUT("/api/v1/alarms/{rule_id}", { params: { path: { rule_id: rule.id } }, body: rule }));

export const switchRule = (id: string, isActive: boolean) => answer(api.PATCH("/api/v1/alarms/{rule_id}", { params: { path: { rule_id: id } }, body: { isActive } }));

export const deleteRule = (id: string) => api.DELETE("/api/v1/alarms/{rule_id}", { params: { path: { rule_id: id } } });

export const useHealthRules = (isAllowed: boolean) =>
  useQuery({ queryKey: ["alarms", "health"], queryFn: ({ signal }) => answer(api.GET("/api/v1/health-rules", { signal })), enabled: isAllowed });

export const putHealthRule = (rule: HealthRule) => answer(api.PUT("/api/v1/health-rules/{rule_id}", { params: { path: { rule_id: rule.id } }, body: rule }));

export const deleteHealthRule = (id: string) => api.DELETE("/api/v1/health-rules/{rule_id}", { params: { path: { rule_id: id } } });

export const useProfileNames = () =>
  useQuery({
    queryKey: ["alarms", "profiles"],
    queryFn: async ({ signal }) => (await answer(api.GET("/api/v1/profiles", { signal }))).profiles as unknown as readonly { name: string; title?: string | null }[],
    staleTime: FRESH_MS,
  });

export const forget = (queries: QueryClient) => queries.invalidateQueries({ queryKey: ["alarms"] });
