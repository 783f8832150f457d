/** What registering one device asks of the API. */

import { type QueryClient, useQuery } from "@tanstack/react-query";
import { answer, api } from "../../../api/client";
import type { components } from "../../../api/schema";

export type Registered = components["schemas"]["RegisteredDevice"];
export type DeviceDraft = components["schemas"]["DeviceDraft"];

/** A profile as it is listed. */
export interface Listed {
  readonly name: string;
  readonly title?: string | null;
  readonly entityType: string;
}

export const useProfiles = () =>
  useQuery({
    queryKey: ["devices", "profiles"],
    queryFn: async ({ signal }) => (await answer(api.GET("/api/v1/profiles", { signal }))).profiles as unknown as readonly Listed[],
    staleTime: 60_000,
  });

export const useProfile = (name: string) =>
  useQuery({
    queryKey: ["devices", "profile", name],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/profiles/{name}", { params: { path: { name } }, signal })),
    enabled: name !== "",
    staleTime: 60_000,
  });

/** The organisations that a visitor may list; who may not, writes the id. */
export const useOrganisations = (isAllowed: boolean) =>
  useQuery({
    queryKey: ["devices", "organisations"],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/organisations", { signal })),
    enabled: isAllowed,
    staleTime: 60_000,
    retry: false,
  });

export const register = (draft: DeviceDraft) => answer(api.POST("/api/v1/devices", { body: draft }));

export const preview = (profile: string, payload: unknown, encoding: "hex" | undefined, device: unknown, signal: AbortSignal) =>
  answer(
    api.POST("/api/v1/profiles/preview", {
      body: { profile, payload, device, ...(encoding !== undefined && { payloadEncoding: encoding }) },
      signal,
    }),
  );

export const forget = (queries: QueryClient) => queries.invalidateQueries({ queryKey: ["devices"] });
