/** Who is here, as the API sees it. */

import { send } from "./client";
import { getKey } from "./credentials";
import { ApiError } from "./errors";

export interface Visitor {
  /** `open`: access control is off. `anyone`: not logged in (public data, where the town has some). */
  readonly kind: "anyone" | "key" | "session" | "open";
  readonly name?: string | undefined;
  readonly role?: string | undefined;
  readonly organisation?: string | undefined;
  readonly tenants?: readonly string[] | undefined;
  /** What the API said to a key that opens nothing. */
  readonly refusal?: Error;
  /** Whether the API could not be asked at all. */
  readonly isUnreachable?: boolean;
}

/** Asks the API who is here. Never raises: who cannot be asked is told as such. */
export async function findOut(): Promise<Visitor> {
  const key = getKey();
  try {
    const session = await readSession();
    if (session !== null) return session;
    await send("/ngsi-ld/v1/types?local=true");
    return key === null ? { kind: "open" } : { kind: "key" };
  } catch (error) {
    if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
      return key === null ? { kind: "anyone" } : { kind: "anyone", refusal: error };
    }
    const refusal = error instanceof Error ? error : new Error(String(error));
    return { kind: key === null ? "anyone" : "key", refusal, isUnreachable: true };
  }
}

/** The session of the cookie. None where there is none, or where this server has no sessions. */
async function readSession(): Promise<Visitor | null> {
  await Promise.resolve();
  return null;
}

export async function endSession(): Promise<void> {
  await send("/api/v1/session", { method: "DELETE" });
}
