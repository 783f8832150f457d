/** How it stands with a key: whether it opens anything, for how long, and what one may do about it. */

import { DAY, toMs } from "../../../../format/times";

export interface Standing {
  readonly prefix: string;
  readonly role: string;
  readonly organisation: string;
  readonly state: string;
  readonly expiresAt?: string | null;
}

export interface Caller {
  readonly role: string;
  /** The name of the organisation. */
  readonly organisation: string | undefined;
  /** The key that one came in with. */
  readonly prefix: string | undefined;
}

/** Days before its end from which on a key is said to end soon. */
export const SOON_DAYS = 30;

/** Whether it opens something, or would if its organisation were let in again. */
export const isAlive = (key: Standing): boolean => key.state === "valid" || key.state === "rotated" || key.state === "disabled";

/** Whole days until a key ends; undefined where it does not, or has. */
export function daysLeft(key: Standing, now: number): number | undefined {
  if (key.expiresAt == null) return undefined;
  const left = toMs(key.expiresAt) - now;
  return left <= 0 ? undefined : Math.floor(left / DAY);
}

/** Whether somebody should see to a new key: the old one ends soon, and nothing has taken its place. */
export function endsSoon(key: Standing, now: number): boolean {
  const days = daysLeft(key, now);
  return key.state === "valid" && days !== undefined && days < SOON_DAYS;
}

/** What people call a key: what it is for, else its prefix. */
export const nameOf = (key: { label?: string; prefix: string }): string => (key.label === undefined || key.label === "" ? key.prefix : key.label);

export const isOwn = (key: Standing, caller: Caller): boolean => key.prefix === caller.prefix;

/** Only its bearer and administrators have a key replaced: single keys may have been granted more than others. */
export const mayRotate = (key: Standing, caller: Caller): boolean => key.state === "valid" && (isOwn(key, caller) || caller.role === "administrator");

/** One's own, those of one's role and below in one's own organisation, and an administrator's all. */
export function mayRevoke(key: Standing, caller: Caller, gives: readonly string[]): boolean {
  const gave = key.organisation === caller.organisation && gives.includes(key.role);
  return isAlive(key) && (isOwn(key, caller) || caller.role === "administrator" || gave);
}
