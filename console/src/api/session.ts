/** Who is here, as the API sees it; logging in and out (docs/en/access.md). */

import { send } from "./client";
import { getKey, getTenant, setCsrfToken, setTenant, settleTenant } from "./credentials";
import { ApiError } from "./errors";
import type { components } from "./schema";

export type Session = components["schemas"]["Session"];
export type Enrolment = components["schemas"]["Enrolment"];
type Me = components["schemas"]["Me"];
export type Step = Session["state"];

export interface Visitor {
  /** `open`: access control is off. `anyone`: not logged in (public data, where the town has some). */
  readonly kind: "anyone" | "key" | "session" | "open";
  /** How people call them. */
  readonly shown?: string;
  readonly role?: string;
  readonly organisation?: string;
  /** undefined: every tenant. */
  readonly tenants?: readonly string[];
  /** What the role opens (`devices:read`, …); undefined where the API does not say. */
  readonly permissions?: ReadonlySet<string>;
  /** How far a login has come, and how one can log in. */
  readonly session?: Session;
  /** What the API said to a key that opens nothing. */
  readonly refusal?: Error;
  /** Whether the API could not be asked at all. */
  readonly isUnreachable?: boolean;
}

/** Asks the API who is here. Never raises: who cannot be asked is told as such. */
export async function findOut(): Promise<Visitor> {
  try {
    const session = await readSession();
    if (getKey() === null && session.state !== "open") return { kind: "anyone", session };
    return await readMe(session);
  } catch (error) {
    if (error instanceof ApiError && error.status === 403 && getTenant() !== null) {
      setTenant(null); // of a former login
      return findOut();
    }
    const refusal = error instanceof Error ? error : new Error(String(error));
    if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return { kind: "anyone", refusal };
    return { kind: getKey() === null ? "anyone" : "key", refusal, isUnreachable: true };
  }
}

async function readMe(session: Session): Promise<Visitor> {
  const me = (await (await send("/api/v1/me")).json()) as Me;
  settleTenant(me.tenants);
  const isKey = getKey() !== null;
  const shown = isKey ? me.key?.label : session.shown;
  return {
    kind: isKey ? "key" : session.csrfToken === undefined ? "open" : "session",
    role: me.role,
    permissions: new Set(me.permissions),
    session,
    ...(shown !== undefined && { shown }),
    ...(me.organisation && { organisation: me.organisation.nameJa ?? me.organisation.name }),
    ...(me.tenants && { tenants: me.tenants }),
  };
}

export const may = (visitor: Visitor, permission: string | undefined): boolean =>
  permission === undefined || visitor.permissions === undefined || visitor.permissions.has(permission);

async function readSession(): Promise<Session> {
  return keep(await (await send("/api/v1/session")).json());
}

function keep(answered: unknown): Session {
  const session = answered as Session;
  setCsrfToken(session.csrfToken);
  return session;
}

async function step(method: string, path: string, body: unknown): Promise<Session> {
  const init = { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  return keep(await (await send(`/api/v1/session${path}`, init)).json());
}

export const logIn = (name: string, password: string): Promise<Session> => step("POST", "", { name, password });
export const passCode = (code: string): Promise<Session> => step("POST", "/totp", { code });
export const setPassword = (next: string): Promise<Session> => step("PUT", "/password", { new: next });
export const confirmApp = (code: string): Promise<Session> => step("PUT", "/app", { code });

/** Sets a password with the code of an administrator; one logs in with it afterwards. */
export async function redeemReset(name: string, code: string, password: string): Promise<void> {
  const init = { method: "POST", body: JSON.stringify({ name, code, password }), headers: { "Content-Type": "application/json" } };
  await send("/api/v1/session/reset", init);
}

/** Begins the enrolment of an authenticator app. */
export async function beginApp(): Promise<Enrolment> {
  const init = { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } };
  return (await (await send("/api/v1/session/app", init)).json()) as Enrolment;
}

/** Ends the session; gives where to go on to end it at the provider, too. */
export async function endSession(): Promise<string | null> {
  const answered = (await (await send("/api/v1/session", { method: "DELETE" })).json()) as components["schemas"]["SessionEnd"];
  setCsrfToken(undefined);
  return answered.providerLogout ?? null;
}

/** Where a browser goes to log in at a provider, and comes back to `next`. */
export function providerAddress(start: string, next: string): string {
  const address = new URL(start, location.origin);
  address.searchParams.set("return", next);
  return address.pathname + address.search;
}
