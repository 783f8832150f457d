/** What the list and the drawer ask of the API about devices. */

import { type QueryClient, useQuery } from "@tanstack/react-query";
import { answer, api } from "../../../api/client";
import { ApiError } from "../../../api/errors";
import type { components } from "../../../api/schema";
import { type Sort, STATES } from "./logic/place";

export type Device = components["schemas"]["Device"];
export type DeviceState = Device["state"];
export type Change = components["schemas"]["DeviceChangeList"]["changes"][number];
export const PAGE = 100;
const LOOK_MS = 15_000;
const COUNT_MS = 30_000;

export interface Asked {
  readonly state?: DeviceState;
  readonly text: string;
  readonly sort: Sort;
  readonly offset: number;
}

export const useDevices = ({ state, text, sort, offset }: Asked) =>
  useQuery({
    queryKey: ["devices", "list", state, text, sort, offset],
    queryFn: ({ signal }) => {
      const query = { limit: PAGE, offset, sort, ...(state !== undefined && { state: [state] }), ...(text !== "" && { text }) };
      return answer(api.GET("/api/v1/devices", { params: { query }, signal }));
    },
    placeholderData: (before) => before,
    refetchInterval: LOOK_MS,
  });

/** How many there are of each state, among those that the words match. */
export const useCounts = (text: string) =>
  useQuery({
    queryKey: ["devices", "counts", text],
    queryFn: async ({ signal }) => {
      const counted = STATES.map(async (state) => {
        const query = { limit: 1, state: [state], ...(text !== "" && { text }) };
        return [state, (await answer(api.GET("/api/v1/devices", { params: { query }, signal }))).total] as const;
      });
      return new Map(await Promise.all(counted));
    },
    placeholderData: (before) => before,
    refetchInterval: COUNT_MS,
  });

const pathOf = (id: string) => ({ params: { path: { device_id: id } } });

export const getDevice = (id: string, signal?: AbortSignal) => answer(api.GET("/api/v1/devices/{device_id}", { ...pathOf(id), ...(signal && { signal }) }));

/** A device, retired ones too: those are in the list only. */
async function getAny(id: string, signal: AbortSignal): Promise<Device> {
  try {
    return await getDevice(id, signal);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    const query = { state: ["retired" as const], text: id, limit: 1_000 };
    const { devices } = await answer(api.GET("/api/v1/devices", { params: { query }, signal }));
    const found = devices.find((one) => one.id === id);
    if (found === undefined) throw error;
    return found;
  }
}

export const useDevice = (id: string) =>
  useQuery({ queryKey: ["devices", "one", id], queryFn: ({ signal }) => getAny(id, signal), refetchInterval: LOOK_MS });

export const useChanges = (id: string, limit: number) =>
  useQuery({
    queryKey: ["devices", "changes", id, limit],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/devices/{device_id}/changes", { params: { path: { device_id: id }, query: { limit } }, signal })),
    placeholderData: (before) => before,
  });

/** Changes some members, if nobody was faster: the API compares the revision. */
export const edit = (id: string, revision: number, patch: object) =>
  answer(
    api.PATCH("/api/v1/devices/{device_id}", {
      params: { path: { device_id: id }, header: { "If-Match": `"${revision}"` } },
      body: patch,
    }),
  );

export const replaceHardware = (id: string, draft: components["schemas"]["HardwareDraft"]) =>
  answer(api.POST("/api/v1/devices/{device_id}/replace-hardware", { ...pathOf(id), body: draft }));

export const retire = (id: string) => api.DELETE("/api/v1/devices/{device_id}", pathOf(id));

export const useMaintenance = (id: string, isAllowed: boolean) =>
  useQuery({
    queryKey: ["devices", "maintenance", id],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/devices/{device_id}/maintenance", { ...pathOf(id), signal })),
    select: (found) => ({ ...found, ...(found.until != null && Date.parse(found.until) > Date.now() && { lastsUntil: found.until }) }),
    enabled: isAllowed,
    refetchInterval: LOOK_MS,
  });

export const planMaintenance = (id: string, until: string, reason: string) =>
  answer(api.PUT("/api/v1/devices/{device_id}/maintenance", { ...pathOf(id), body: { until, ...(reason !== "" && { reason }) } }));

export const endMaintenance = (id: string) => api.DELETE("/api/v1/devices/{device_id}/maintenance", pathOf(id));

export const useCredentials = (id: string) =>
  useQuery({
    queryKey: ["devices", "credentials", id],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/devices/{device_id}/credentials", { ...pathOf(id), signal })),
  });

export const issue = (id: string, draft: components["schemas"]["CredentialDraft"]) =>
  answer(api.POST("/api/v1/devices/{device_id}/credentials", { ...pathOf(id), body: draft }));

export const revoke = (id: string, credential: string) =>
  api.DELETE("/api/v1/devices/{device_id}/credentials/{credential_id}", {
    params: { path: { device_id: id, credential_id: credential } },
  });

export const useCertificates = (id: string) =>
  useQuery({
    queryKey: ["devices", "certificates", id],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/devices/{device_id}/certificates", { ...pathOf(id), signal })),
    retry: false,
  });

export const signCertificate = (id: string, csr: string) => answer(api.POST("/api/v1/devices/{device_id}/certificates", { ...pathOf(id), body: { csr, days: 730 } }));

export const revokeCertificate = (id: string, serial: string) =>
  api.DELETE("/api/v1/devices/{device_id}/certificates/{serial}", { params: { path: { device_id: id, serial } } });

export const useProfiles = () =>
  useQuery({
    queryKey: ["devices", "choices", "profiles"],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/profiles", { signal })),
    staleTime: 60_000,
  });

/** Of one device, the newest first. */
export const useKept = (id: string, isAllowed: boolean) =>
  useQuery({
    queryKey: ["devices", "quarantine", id],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/quarantine", { params: { query: { device: id, limit: 20, replayed: false } }, signal })),
    enabled: isAllowed,
    refetchInterval: LOOK_MS,
  });

export const forget = (queries: QueryClient) => queries.invalidateQueries({ queryKey: ["devices"] });
