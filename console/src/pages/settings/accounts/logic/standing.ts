/** How it stands with an account: whether somebody can log in with it. */

import { toMs } from "../../../../format/times";

interface Account {
  readonly hasPassword?: boolean;
  readonly codeUntil?: string | null;
  readonly disabledAt?: string | null;
}

export type Standing = "open" | "invited" | "lapsed" | "disabled";

/** `invited`: a code waits to be used; `lapsed`: neither a password nor a code that is still good. */
export function standingOf(account: Account, now: number): Standing {
  if (account.disabledAt != null) return "disabled";
  if (account.hasPassword === true) return "open";
  return account.codeUntil != null && toMs(account.codeUntil) > now ? "invited" : "lapsed";
}

interface Named {
  readonly name: string;
  readonly shown?: string;
}

export const nameOf = (account: Named): string => (account.shown === undefined || account.shown === "" ? account.name : account.shown);

/** Whether the words somebody looks for are in the names of an account. */
export function matches(account: Named, words: string): boolean {
  const text = `${account.name} ${account.shown ?? ""}`.normalize("NFKC").toLowerCase();
  return words
    .normalize("NFKC")
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
