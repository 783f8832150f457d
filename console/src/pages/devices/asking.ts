/** What the page asks of the API about devices. */

import { type QueryClient, useQuery } from "@tanstack/react-query";
import { answer, api } from "../../api/client";
import type { components } from "../../api/schema";

export type Registered = components["schemas"]["RegisteredDevice"];
export type Preview = components["schemas"]["Preview"];
export type DeviceDraft = components["schemas"]["DeviceDraft"];

export const useProfiles = () =>
  useQuery({
    queryKey: ["devices", "profiles"],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/profiles", { signal })),
    staleTime: 60_000,
  });

export const useProfile = (name: string) =>
  useQuery({
    queryKey: ["devices", "profile", name],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/profiles/{name}", { params: { path: { name } }, signal })),
    enabled: name !== "",
    staleTime: 60_000,
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
