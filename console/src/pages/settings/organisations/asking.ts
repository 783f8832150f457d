/** Organisations and what belongs to them, as the API tells. */

import { type QueryClient, useQuery } from "@tanstack/react-query";
import { answer, api } from "../../../api/client";
import type { components } from "../../../api/schema";
import { getTypes } from "../../../api/types";

export type Organisation = components["schemas"]["Organisation"];
export type OrganisationDraft = components["schemas"]["OrganisationDraft"];
export type OrganisationChange = components["schemas"]["OrganisationChange"];
export type Invitation = components["schemas"]["Invitation"];
export type InvitationDraft = components["schemas"]["InvitationDraft"];
export type Kind = Organisation["kind"];

type Account = components["schemas"]["Account"];

const ACCOUNTS = 200; // at once
const ALL = ["organisations"] as const;

export const useOrganisations = () =>
  useQuery({
    queryKey: [...ALL, "list"],
    queryFn: async ({ signal }) => (await answer(api.GET("/api/v1/organisations", { signal }))).organisations,
  });

export const useTenants = () =>
  useQuery({ queryKey: [...ALL, "tenants"], queryFn: async ({ signal }) => (await answer(api.GET("/api/v1/tenants", { signal }))).tenants });

export const useKeysOf = (organisation: string, isWanted = true) =>
  useQuery({
    queryKey: [...ALL, "keys", organisation],
    queryFn: async ({ signal }) => (await answer(api.GET("/api/v1/keys", { params: { query: { organisation } }, signal }))).keys,
    enabled: isWanted,
  });

export const useInvitations = (organisation: string, isWanted: boolean) =>
  useQuery({
    queryKey: [...ALL, "invitations", organisation],
    queryFn: async ({ signal }) => (await answer(api.GET("/api/v1/organisations/{organisation}/invitations", { params: { path: { organisation } }, signal }))).invitations,
    enabled: isWanted,
  });

/** People with an account in an organisation. */
export const useMembers = (organisation: string, isWanted: boolean) =>
  useQuery({
    queryKey: [...ALL, "members"],
    queryFn: ({ signal }) => getAccounts(signal),
    select: (accounts) => accounts.filter((one) => one.organisation === organisation),
    enabled: isWanted,
  });

async function getAccounts(signal: AbortSignal): Promise<Account[]> {
  const found: Account[] = [];
  let after: string | null | undefined;
  do {
    const page: { accounts: Account[]; next?: string | null } = await answer(api.GET("/api/v1/accounts", { params: { query: { limit: ACCOUNTS, ...(after != null && { after }) } }, signal }));
    found.push(...page.accounts);
    after = page.next;
  } while (after != null);
  return found;
}

/** The kinds of data that the one who is logged in sees. */
export const useSeen = (isWanted: boolean) => useQuery({ queryKey: [...ALL, "seen"], queryFn: () => getTypes(), enabled: isWanted });

export const createOrganisation = (draft: OrganisationDraft) => answer(api.POST("/api/v1/organisations", { body: draft }));

export const changeOrganisation = (organisation: string, change: OrganisationChange) =>
  answer(api.PATCH("/api/v1/organisations/{organisation}", { params: { path: { organisation } }, body: change }));

export const deleteOrganisation = (organisation: string) => api.DELETE("/api/v1/organisations/{organisation}", { params: { path: { organisation } } });

export const takeBack = (organisation: string, prefix: string) =>
  api.DELETE("/api/v1/organisations/{organisation}/invitations/{prefix}", { params: { path: { organisation, prefix } } });

export const forget = (queries: QueryClient) => queries.invalidateQueries({ queryKey: ALL });
