/** What one may hand out, as context_api/policy/credentials.py has it: nobody gives more than they have. The API decides. */

import type { Kind, Role } from "./asking";

const ROLES_OF: Readonly<Record<Kind, readonly Role[]>> = {
  town: ["administrator", "staff", "operator", "partner", "service"],
  operator: ["operator", "partner", "service"],
  partner: ["partner", "service"],
  public: [],
};
const GIVES: Readonly<Record<string, readonly Role[]>> = {
  administrator: ["administrator", "staff", "operator", "partner", "service"],
  operator: ["operator", "partner"],
  partner: ["partner"],
};
const LOCAL: ReadonlySet<string> = new Set(["default"]);

/** The roles that somebody of a role may give to keys in an organisation of a kind. */
export function rolesToGive(role: string, kind: Kind): readonly Role[] {
  const gives = GIVES[role] ?? [];
  return ROLES_OF[kind].filter((one) => gives.includes(one));
}

/** The first role to offer: the least that is of use there. */
export function usualRole(roles: readonly Role[]): Role | undefined {
  return (["operator", "partner", "staff"] as const).find((one) => roles.includes(one)) ?? roles[0];
}

export interface TenantOptions {
  readonly names: readonly string[];
  /** What "all" means (`usual`: the first tenant alone); undefined: they have to be named. */
  readonly all: "every" | "organisation" | "usual" | undefined;
  /** Those to begin with where they have to be named. */
  readonly first: readonly string[];
}

/** The tenants that a credential of an organisation may be narrowed to. `own`: those of the organisation, null for every one; `opened`: those that one opens oneself. */
export function tenantOptions(role: Role, own: readonly string[] | null, opened: readonly string[]): TenantOptions {
  if (own !== null) {
    const names = own.filter((name) => opened.includes(name));
    const isAll = names.length === own.length;
    return { names, all: isAll ? "organisation" : undefined, first: names.slice(0, 1) };
  }
  // Every tenant is for administrators only; others open the first one unless others are named
  if (role === "administrator") return { names: opened, all: "every", first: [] };
  return { names: opened, all: undefined, first: opened.filter((name) => LOCAL.has(name)) };
}
