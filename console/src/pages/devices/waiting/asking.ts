/** What the section asks of the API: devices that came by themselves, and on whose terms they may. */

import { type QueryClient, useQuery } from "@tanstack/react-query";
import { answer, api } from "../../../api/client";
import type { components } from "../../../api/schema";

export type WaitingDevice = components["schemas"]["WaitingDeviceList"]["devices"][number];
export type Group = components["schemas"]["DeviceGroup"];
export type GroupDraft = components["schemas"]["DeviceGroupDraft"];
export type Approval = components["schemas"]["DeviceApproval"];
export type WaitingState = WaitingDevice["state"];

const LOOK_MS = 5_000;
const MOST = 500;

export const useWaiting = (state: WaitingState) =>
  useQuery({
    queryKey: ["devices", "waiting", state],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/waiting-devices", { params: { query: { state, limit: MOST } }, signal })),
    placeholderData: (before) => before,
    refetchInterval: LOOK_MS,
  });

export const useGroups = () =>
  useQuery({
    queryKey: ["devices", "groups"],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/device-groups", { signal })),
    refetchInterval: LOOK_MS,
  });

const pathOf = (one: WaitingDevice) => ({ params: { path: { group_id: one.group, name: one.name } } });

export const approve = (one: WaitingDevice, approval: Approval) =>
  answer(api.POST("/api/v1/waiting-devices/{group_id}/{name}/approve", { ...pathOf(one), body: approval }));

export const reject = (one: WaitingDevice) => answer(api.POST("/api/v1/waiting-devices/{group_id}/{name}/reject", pathOf(one)));

export const putGroup = (id: string, draft: GroupDraft) => answer(api.PUT("/api/v1/device-groups/{group_id}", { params: { path: { group_id: id } }, body: draft }));

export const endGroup = (id: string) => api.DELETE("/api/v1/device-groups/{group_id}", { params: { path: { group_id: id } } });

export const forget = (queries: QueryClient) => queries.invalidateQueries({ queryKey: ["devices"] });
