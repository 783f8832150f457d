/** Why the API did not take what one asked for one's own login: each reason has words of its own (`refusal.<reason>`). */

import { ApiError } from "../../../../api/errors";

export type Reason = "password" | "code" | "unusable" | "taken" | "wait" | "other";

/** `asked`: what was shown to the API, whose fault a refusal is. */
export function reasonOf(error: unknown, asked: "change" | "proof" | "code"): Reason {
  if (!(error instanceof ApiError)) return "other";
  if (error.status === 429) return "wait";
  if (error.status === 409) return "taken";
  if (error.status === 403) return "password";
  if (error.status !== 400) return "other";
  return asked === "code" ? "code" : asked === "change" ? "unusable" : "password";
}

export const LEAST = 12; // characters of a password

export type PasswordFault = "short" | "same" | "differs";

/** What can be said of a new password before the API is asked. */
export function passwordFaults(current: string, next: string, again: string): ReadonlySet<PasswordFault> {
  const faults = new Set<PasswordFault>();
  if (next.normalize("NFKC").length < LEAST) faults.add("short");
  else if (next === current) faults.add("same");
  if (again !== next) faults.add("differs");
  return faults;
}
