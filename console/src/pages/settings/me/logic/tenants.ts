/** In which tenant one works, among those that one opens. */

const USUAL = "default";

/** The tenant that the API takes where none is named; undefined: it wants one named. */
export function usualTenant(tenants: readonly string[]): string | undefined {
  return tenants.includes(USUAL) ? USUAL : tenants.length === 1 ? tenants[0] : undefined;
}

/** What to send from now on: nothing where the API takes it anyway. */
export const tenantToSend = (chosen: string, tenants: readonly string[]): string | null => (chosen === usualTenant(tenants) ? null : chosen);
