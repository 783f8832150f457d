/** What is typed about a person's account, and what the API is asked for. */

import type { AccountChange, AccountDraft } from "../asking";
import type { Role } from "../../people/asking";

export type PersonRole = AccountDraft["role"];
export const PEOPLES: readonly Role[] = ["administrator", "staff", "operator", "partner"];

export interface AccountForm {
  readonly name: string;
  readonly shown: string;
  readonly organisation: string;
  readonly role: PersonRole;
  /** null: all that there are. */
  readonly tenants: readonly string[] | null;
}

const NAME = /^[a-z0-9][a-z0-9._@+-]{0,127}$/;

/** A name as it is kept: people type full-width letters and capitals. */
export const plainName = (text: string): string => text.normalize("NFKC").trim().toLowerCase();

export type Fault = "name" | "taken" | "tenants";

/** What is missing or wrong; `taken`: names that there are already. */
export function faultsOf(form: AccountForm, taken: ReadonlySet<string>): ReadonlySet<Fault> {
  const faults = new Set<Fault>();
  const name = plainName(form.name);
  if (!NAME.test(name)) faults.add("name");
  else if (taken.has(name)) faults.add("taken");
  if (form.tenants?.length === 0) faults.add("tenants");
  return faults;
}

export const draftOf = (form: AccountForm): AccountDraft => ({
  name: plainName(form.name),
  shown: form.shown.trim(),
  organisation: form.organisation,
  role: form.role,
  tenants: form.tenants === null ? null : [...form.tenants],
});

interface Former {
  readonly shown?: string;
  readonly organisation: string;
  readonly role: PersonRole;
  readonly tenants?: readonly string[] | null;
}

/** What is different from what an account is; undefined: nothing. */
export function changeOf(former: Former, form: AccountForm): AccountChange | undefined {
  const change: AccountChange = {};
  if (form.shown.trim() !== (former.shown ?? "")) change.shown = form.shown.trim();
  if (form.organisation !== former.organisation) change.organisation = form.organisation;
  if (form.role !== former.role) change.role = form.role;
  if (!isSame(form.tenants, former.tenants ?? null)) change.tenants = form.tenants === null ? null : [...form.tenants];
  return Object.keys(change).length === 0 ? undefined : change;
}

function isSame(one: readonly string[] | null, other: readonly string[] | null): boolean {
  if (one === null || other === null) return one === other;
  return one.length === other.length && one.every((name) => other.includes(name));
}
