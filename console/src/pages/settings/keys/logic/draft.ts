/** What is typed about a new key, and what the API is asked for. */

import { DAY, fromDateInput, toDateInput } from "../../../../format/times";
import type { Role } from "../../people/asking";

export const TERMS = ["30", "90", "365", "date"] as const;
export type Term = (typeof TERMS)[number];

export interface KeyForm {
  readonly label: string;
  readonly role: Role;
  readonly organisation: string;
  /** null: all that there are. */
  readonly tenants: readonly string[] | null;
  readonly term: Term;
  /** The last day on which it is valid, in Japan; counts where `term` says so. */
  readonly date: string;
}

export type Fault = "label" | "date" | "tenants";

/** What is still missing or wrong. */
export function faultsOf(form: KeyForm, today: number): ReadonlySet<Fault> {
  const faults = new Set<Fault>();
  if (form.label.trim() === "") faults.add("label");
  if (form.tenants?.length === 0) faults.add("tenants");
  if (form.term === "date") {
    const day = fromDateInput(form.date);
    if (day === undefined || day < today) faults.add("date");
  }
  return faults;
}

interface Order {
  label: string;
  role: Role;
  organisation: string;
  tenants?: string[];
  days?: number;
  expiresAt?: string;
}

/** What the API is asked for; the day that was chosen counts to its end. */
export function orderOf(form: KeyForm): Order {
  const order: Order = { label: form.label.trim(), role: form.role, organisation: form.organisation };
  if (form.tenants !== null) order.tenants = [...form.tenants];
  const day = fromDateInput(form.date);
  if (form.term !== "date") order.days = Number(form.term);
  else if (day !== undefined) order.expiresAt = new Date(day + DAY).toISOString();
  return order;
}

/** The day that is offered first where somebody chooses one: a fiscal year's work is often planned by half of it. */
export const firstDate = (now: number): string => toDateInput(now + 180 * DAY);
