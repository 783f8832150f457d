/**
 * Who asks. A pasted key lives in sessionStorage: in this tab, until it is closed. A session lives in a cookie that
 * no script can read; with whatever changes something goes the token that the API gave us for it, kept in memory.
 */

const STORED = "machi.key";
const TENANT = "machi.tenant";
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

let csrfToken: string | undefined;

export function setCsrfToken(token: string | undefined): void {
  csrfToken = token;
}

export const getKey = (): string | null => sessionStorage.getItem(STORED);

export function setKey(key: string): void {
  sessionStorage.setItem(STORED, key);
}

export function forgetKey(): void {
  sessionStorage.removeItem(STORED);
}

export const getTenant = (): string | null => sessionStorage.getItem(TENANT);

export function setTenant(tenant: string | null): void {
  if (tenant === null) sessionStorage.removeItem(TENANT);
  else sessionStorage.setItem(TENANT, tenant);
}

/** Names a tenant where the API wants one named, and forgets one that is not opened (any more). `tenants` null: every one. */
export function settleTenant(tenants: readonly string[] | null): void {
  if (tenants === null) return;
  const stored = getTenant();
  if (stored !== null && !tenants.includes(stored)) setTenant(null);
  const [first] = tenants;
  if (getTenant() === null && first !== undefined && tenants.length > 1 && !tenants.includes("default")) setTenant(first);
}

/** Takes the key out of the address (`/#key=…`), so that it is neither seen nor bookmarked nor sent on. */
export function takeKeyFromAddress(): void {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (!key) return;
  setKey(key.trim());
  history.replaceState(null, "", location.pathname + location.search);
}

/** The headers that say who asks, for a request of this method. */
export function credentialHeaders(method: string): Record<string, string> {
  const headers: Record<string, string> = {};
  const key = getKey();
  const tenant = getTenant();
  if (key !== null) headers.Authorization = `Bearer ${key}`;
  else if (csrfToken !== undefined && !SAFE.has(method.toUpperCase())) headers["X-CSRF-Token"] = csrfToken;
  if (tenant !== null) headers["NGSILD-Tenant"] = tenant;
  return headers;
}
