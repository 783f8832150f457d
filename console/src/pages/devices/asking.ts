/** What the page asks of the API about devices. */

import { type QueryClient, useQuery } from "@tanstack/react-query";
import { answer, api } from "../../api/client";
import type { components } from "../../api/schema";

export type Device = components["schemas"]["Device"];
export type DeviceState = Device["state"];
export type Registered = components["schemas"]["RegisteredDevice"];
export type Preview = components["schemas"]["Preview"];
export type DeviceDraft = components["schemas"]["DeviceDraft"];
export const STATES: readonly DeviceState[] = ["active", "silent", "faulty", "provisioned", "retired"];
const LOOK_MS = 15_000;

export interface Asked {
  readonly state?: DeviceState;
  readonly text: string;
  readonly limit: number;
}

export const useDevices = ({ state, text, limit }: Asked) =>
  useQuery({
    queryKey: ["devices", "list", state, text, limit],
    queryFn: ({ signal }) => {
      const query = { limit, sort: "name" as const, ...(state !== undefined && { state: [state] }), ...(text !== "" && { text }) };
      return answer(api.GET("/api/v1/devices", { params: { query }, signal }));
    },
    placeholderData: (before) => before,
    refetchInterval: LOOK_MS,
  });

const pathOf = (id: string) => ({ params: { path: { device_id: id } } });

export const useDevice = (id: string) =>
  useQuery({
    queryKey: ["devices", "one", id],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/devices/{device_id}", { ...pathOf(id), signal })),
    refetchInterval: LOOK_MS,
  });

export const useChanges = (id: string) =>
  useQuery({
    queryKey: ["devices", "changes", id],
    queryFn: ({ signal }) =>
      answer(api.GET("/api/v1/devices/{device_id}/changes", { params: { path: { device_id: id }, query: { limit: 10 } }, signal })),
  });

export const useQuarantined = (id: string, isAllowed: boolean) =>
  useQuery({
    queryKey: ["devices", "quarantine", id],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/quarantine", { params: { query: { device: id, limit: 10 } }, signal })),
    enabled: isAllowed,
  });

export const replay = (id: string) => answer(api.POST("/api/v1/quarantine/replay", { body: { device: id } }));

export const useCredentials = (id: string) =>
  useQuery({
    queryKey: ["devices", "credentials", id],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/devices/{device_id}/credentials", { ...pathOf(id), signal })),
  });

export const issue = (id: string) => answer(api.POST("/api/v1/devices/{device_id}/credentials", { ...pathOf(id), body: {} }));

export const revoke = (id: string, credential: string) =>
  api.DELETE("/api/v1/devices/{device_id}/credentials/{credential_id}", {
    params: { path: { device_id: id, credential_id: credential } },
  });

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
