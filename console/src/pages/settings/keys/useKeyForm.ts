import { useState } from "react";
import { rolesToGive, type TenantOptions, tenantOptions, usualRole } from "../people/giving";
import { type Organisation, type Role, useTenants } from "../people/asking";
import { firstDate, type KeyForm } from "./logic/draft";

export interface KeyFormState {
  readonly form: KeyForm;
  readonly organisations: readonly Organisation[];
  readonly roles: readonly Role[];
  readonly tenants: TenantOptions;
  readonly change: (changes: Partial<KeyForm>) => void;
}

/** What is typed about a new key, held to what its organisation and its maker may give. */
export function useKeyForm(role: string, organisations: readonly Organisation[]): KeyFormState {
  const opened = useTenants().data ?? [];
  const [typed, setTyped] = useState<Partial<KeyForm>>({});
  const [date] = useState(() => firstDate(Date.now()));
  const organisation = organisations.find((one) => one.name === typed.organisation) ?? organisations[0];
  const roles = rolesToGive(role, organisation?.kind ?? "public");
  const chosen = typed.role !== undefined && roles.includes(typed.role) ? typed.role : (usualRole(roles) ?? "partner");
  const tenants = tenantOptions(chosen, organisation?.tenants ?? null, opened);
  const first = tenants.all === undefined ? tenants.first : null;
  const form: KeyForm = {
    label: typed.label ?? "",
    role: chosen,
    organisation: organisation?.name ?? "",
    tenants: typed.tenants === undefined || (typed.tenants === null && tenants.all === undefined) ? first : typed.tenants,
    term: typed.term ?? "365",
    date: typed.date ?? date,
  };
  return {
    form,
    organisations,
    roles,
    tenants,
    // Another organisation has tenants of its own
    change: (changes) => setTyped((former) => ({ ...former, ...(changes.organisation !== undefined && { tenants: undefined }), ...changes })),
  };
}
