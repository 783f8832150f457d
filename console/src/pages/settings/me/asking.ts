/** One's own login: password, authenticator app, sessions. */

import { type QueryClient, useQuery } from "@tanstack/react-query";
import { answer, api } from "../../../api/client";
import { setCsrfToken } from "../../../api/credentials";
import { ApiError } from "../../../api/errors";
import type { components } from "../../../api/schema";

export type Enrolment = components["schemas"]["Enrolment"];
export type ListedSession = components["schemas"]["SessionList"]["sessions"][number];
type Session = components["schemas"]["Session"];

const APP = ["settings", "app"];
const SESSIONS = ["settings", "sessions"];
const LOOK_MS = 60_000; // "last used" is known to the minute

/** Each step gives the session a new cookie, and a new token for changes. */
function goOn(session: Session): Session {
  setCsrfToken(session.csrfToken);
  return session;
}

export const changePassword = async (current: string, next: string): Promise<Session> =>
  goOn(await answer(api.PUT("/api/v1/session/password", { body: { current, new: next } })));

export const useApp = () => useQuery({ queryKey: APP, queryFn: ({ signal }) => answer(api.GET("/api/v1/session/app", { signal })) });

export const beginApp = (password: string): Promise<Enrolment> => answer(api.POST("/api/v1/session/app", { body: { password } }));

/** Gives the recovery codes, which are shown this once. */
export async function confirmApp(code: string): Promise<readonly string[]> {
  const session = goOn(await answer(api.PUT("/api/v1/session/app", { body: { code: code.replace(/\s/g, "") } })));
  return session.recoveryCodes ?? [];
}

export const removeApp = (password: string) => api.POST("/api/v1/session/app/removal", { body: { password } });

export const renewCodes = async (password: string): Promise<readonly string[]> =>
  (await answer(api.POST("/api/v1/session/app/recovery-codes", { body: { password } }))).recoveryCodes;

export const useSessions = () =>
  useQuery({
    queryKey: SESSIONS,
    queryFn: async ({ signal }) => (await answer(api.GET("/api/v1/sessions", { signal }))).sessions,
    refetchInterval: LOOK_MS,
  });

/** Ends sessions; those that have ended meanwhile are no trouble. */
export async function endSessions(ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    try {
      await api.DELETE("/api/v1/sessions/{session_id}", { params: { path: { session_id: id } } });
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
  }
}

export const forgetApp = (queries: QueryClient) => queries.invalidateQueries({ queryKey: APP });
export const forgetSessions = (queries: QueryClient) => queries.invalidateQueries({ queryKey: SESSIONS });
