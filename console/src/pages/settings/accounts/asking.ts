/** Accounts of people as the API has them. */

import { type QueryClient, useQuery } from "@tanstack/react-query";
import { answer, api } from "../../../api/client";
import type { components } from "../../../api/schema";

export type Account = components["schemas"]["Account"];
export type AccountWithCode = components["schemas"]["AccountWithCode"];
export type AccountChange = components["schemas"]["AccountChange"];
export type AccountDraft = components["schemas"]["AccountDraft"];

const ACCOUNTS = ["settings", "accounts"];
const PAGE = 200;

async function getAll(signal: AbortSignal): Promise<Account[]> {
  const found: Account[] = [];
  let after: string | undefined;
  do {
    const query = { limit: PAGE, ...(after !== undefined && { after }) };
    const page = await answer(api.GET("/api/v1/accounts", { params: { query }, signal }));
    found.push(...page.accounts);
    after = typeof page.next === "string" ? page.next : undefined;
  } while (after !== undefined);
  return found;
}

export const useAccounts = () => useQuery({ queryKey: ACCOUNTS, queryFn: ({ signal }) => getAll(signal) });

const pathOf = (id: string) => ({ params: { path: { account_id: id } } });

export const createAccount = (draft: AccountDraft): Promise<AccountWithCode> => answer(api.POST("/api/v1/accounts", { body: draft }));

export const changeAccount = (id: string, change: AccountChange): Promise<Account> => answer(api.PATCH("/api/v1/accounts/{account_id}", { ...pathOf(id), body: change }));

/** Takes the password away (and the app) in exchange for a code. */
export const resetAccount = (id: string, app: boolean): Promise<AccountWithCode> => answer(api.POST("/api/v1/accounts/{account_id}/reset", { ...pathOf(id), body: { app } }));

export const forget = (queries: QueryClient) => queries.invalidateQueries({ queryKey: ACCOUNTS });
