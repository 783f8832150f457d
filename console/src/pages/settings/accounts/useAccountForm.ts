import { useState } from "react";
import { rolesToGive, type TenantOptions, tenantOptions } from "../people/giving";
import { type Organisation, type Role, useMe, useOrganisations, useTenants } from "../people/asking";
import type { Account } from "./asking";
import { type AccountForm, PEOPLES, type PersonRole } from "./logic/form";

export interface AccountFormState {
  readonly form: AccountForm;
  readonly organisations: readonly Organisation[];
  readonly roles: readonly Role[];
  readonly tenants: TenantOptions;
  readonly change: (changes: Partial<AccountForm>) => void;
}

/** What is typed about an account, held to what its organisation has. `former`: what it is already. */
export function useAccountForm(former?: Account): AccountFormState {
  const me = useMe().data;
  const opened = useTenants().data ?? [];
  const organisations = (useOrganisations().data ?? []).filter((one) => one.disabledAt == null || one.name === former?.organisation);
  const [typed, setTyped] = useState<Partial<AccountForm>>({});
  const named = typed.organisation ?? former?.organisation ?? me?.organisation?.name;
  const organisation = organisations.find((one) => one.name === named) ?? organisations[0];
  const roles = rolesToGive("administrator", organisation?.kind ?? "town").filter((role) => PEOPLES.includes(role));
  const role = [typed.role, former?.role, "staff", "operator"].find((one) => one !== undefined && roles.includes(one as Role)) ?? roles[0] ?? "partner";
  const tenants = tenantOptions(role as Role, organisation?.tenants ?? null, opened);
  // null stands for what the role opens in its organisation: the API knows, whatever it will be
  const chosen = typed.tenants === undefined ? (former?.tenants ?? null) : typed.tenants;
  return {
    form: {
      name: typed.name ?? former?.name ?? "",
      shown: typed.shown ?? former?.shown ?? "",
      organisation: organisation?.name ?? "",
      role: role as PersonRole,
      tenants: chosen,
    },
    organisations,
    roles,
    tenants: { ...tenants, all: tenants.all ?? (organisation?.tenants == null ? "usual" : "organisation") },
    // Another organisation has tenants of its own
    change: (changes) => setTyped((before) => ({ ...before, ...(changes.organisation !== undefined && { tenants: null }), ...changes })),
  };
}
