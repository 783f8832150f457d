/** A grant as the form has it, and as the API has it. Dates are days of Japan's calendar; the last day is included. */

import type { components } from "../../../../api/schema";
import { DAY, fromDateInput, partsOf, toDateInput } from "../../../../format/times";
import type { Geometry } from "./areas";

export type Grant = components["schemas"]["Grant"];
export type Terms = components["schemas"]["GrantTerms"];
export type Operation = Terms["operations"][number];

export const READING: readonly Operation[] = ["read", "history", "subscribe"];
export const CHANGING: readonly Operation[] = ["write", "delete"];
export const OPERATIONS: readonly Operation[] = [...READING, ...CHANGING];
export const PUBLIC = "public";

export interface Draft {
  /** The name of an organisation; "" until one is chosen. */
  readonly organisation: string;
  /** Or the prefix of one key. */
  readonly key: string;
  readonly isAnyType: boolean;
  readonly types: readonly string[];
  readonly operations: readonly Operation[];
  /** None: all of them. */
  readonly attributes: readonly string[];
  readonly scopes: string;
  readonly area: Geometry | undefined;
  /** Whether there is to be one: while it is not set, nothing is granted everywhere by mistake. */
  readonly isInArea: boolean;
  /** Days; "" for none. */
  readonly validFrom: string;
  readonly validUntil: string;
  readonly historyFrom: string;
  readonly personal: boolean;
  readonly label: string;
}

export const EMPTY: Draft = {
  organisation: "",
  key: "",
  isAnyType: false,
  types: [],
  operations: ["read"],
  attributes: [],
  scopes: "",
  area: undefined,
  isInArea: false,
  validFrom: "",
  validUntil: "",
  historyFrom: "",
  personal: false,
  label: "",
};

export type Field = "organisation" | "types" | "operations" | "scopes" | "area" | "validFrom" | "validUntil" | "historyFrom";
export type Flaws = Partial<Record<Field, string>>;

/** What is missing or cannot be, by field; the words are `flaw.<field>.<flaw>`. */
export function flawsOf(draft: Draft): Flaws {
  const flaws: Flaws = {};
  if (draft.organisation === "" && draft.key === "") flaws.organisation = "missing";
  if (!draft.isAnyType && draft.types.length === 0) flaws.types = "missing";
  if (draft.operations.length === 0) flaws.operations = "missing";
  if (draft.isInArea && draft.area === undefined) flaws.area = "missing";
  for (const name of ["validFrom", "validUntil", "historyFrom"] as const) {
    if (draft[name] !== "" && fromDateInput(draft[name]) === undefined) flaws[name] = "wrong";
  }
  if (draft.validFrom !== "" && draft.validUntil !== "" && draft.validUntil < draft.validFrom) flaws.validUntil = "early";
  return flaws;
}

const FIELDS: readonly Field[] = ["organisation", "types", "operations", "scopes", "area", "validFrom", "validUntil", "historyFrom"];

/** The field that a problem's pointer (`/validUntil`, `/area/type`) is about. */
export const fieldAt = (pointer: string | undefined): Field | undefined => FIELDS.find((field) => field === pointer?.split("/")[1]);

/** What is granted. `former`: the grant that is changed, whose times stay to the second where their day stays. */
export function writeTerms(draft: Draft, former?: Grant): Terms {
  const isChanged = (name: "validFrom" | "validUntil" | "historyFrom") => former === undefined || readDraft(former)[name] !== draft[name];
  const time = (name: "validFrom" | "validUntil" | "historyFrom", later: number): string | undefined => {
    if (!isChanged(name)) return former?.[name];
    const day = fromDateInput(draft[name]);
    return day === undefined ? undefined : new Date(day + later).toISOString();
  };
  const [validFrom, validUntil, historyFrom] = [time("validFrom", 0), time("validUntil", DAY), time("historyFrom", 0)];
  return {
    operations: OPERATIONS.filter((one) => draft.operations.includes(one)),
    ...(!draft.isAnyType && { types: [...draft.types] }),
    ...(draft.attributes.length > 0 && { attributes: [...draft.attributes] }),
    ...(draft.scopes.trim() !== "" && { scopes: draft.scopes.trim() }),
    ...(draft.area !== undefined && { area: draft.area as unknown as Record<string, never> }),
    ...(validFrom !== undefined && { validFrom }),
    ...(validUntil !== undefined && { validUntil }),
    ...(historyFrom !== undefined && { historyFrom }),
    personal: draft.personal,
    label: draft.label.trim(),
  };
}

export function readDraft(grant: Grant): Draft {
  return {
    organisation: grant.organisation ?? "",
    key: grant.key ?? "",
    isAnyType: grant.types === undefined,
    types: grant.types ?? [],
    operations: grant.operations,
    attributes: grant.attributes ?? [],
    scopes: grant.scopes ?? "",
    area: grant.area as unknown as Geometry | undefined,
    isInArea: grant.area !== undefined,
    validFrom: grant.validFrom === undefined ? "" : toDateInput(grant.validFrom),
    validUntil: grant.validUntil === undefined ? "" : lastDay(grant.validUntil),
    historyFrom: grant.historyFrom === undefined ? "" : toDateInput(grant.historyFrom),
    personal: grant.personal,
    label: grant.label,
  };
}

/** Whether a moment is the beginning of a day in Japan: what ends then, ends with the day before. */
export function isDayStart(moment: string): boolean {
  const { hour, minute } = partsOf(moment);
  return hour === 0 && minute === 0;
}

const lastDay = (end: string): string => toDateInput(isDayStart(end) ? Date.parse(end) - DAY : end);

export type State = "valid" | "future" | "ended";

export function stateOf(grant: Pick<Grant, "validFrom" | "validUntil">, now: number): State {
  if (grant.validUntil !== undefined && Date.parse(grant.validUntil) <= now) return "ended";
  return grant.validFrom !== undefined && now < Date.parse(grant.validFrom) ? "future" : "valid";
}

/** A draft from an address (`?to=acme&types=A,B&operations=read,history&attributes=…`): links lead to a form that is filled in. */
export function fromAddress(search: URLSearchParams): Draft {
  const list = (name: string) => (search.get(name) ?? "").split(",").filter((one) => one !== "");
  const operations = OPERATIONS.filter((one) => list("operations").includes(one));
  return {
    ...EMPTY,
    organisation: search.get("to") ?? "",
    key: search.get("key") ?? "",
    types: list("types"),
    attributes: list("attributes"),
    operations: operations.length === 0 ? EMPTY.operations : operations,
  };
}

/** The selection that the preview counts: what subscriptions call the same. undefined: nothing is chosen yet. */
export function writeSelection(draft: Draft): Record<string, unknown> | undefined {
  if (!draft.isAnyType && draft.types.length === 0) return undefined;
  return {
    entities: draft.isAnyType ? [{ type: "*" }] : draft.types.map((type) => ({ type })),
    ...(draft.scopes.trim() !== "" && { scopeQ: draft.scopes.trim() }),
    ...(draft.area !== undefined && { geoQ: { georel: "intersects", geometry: draft.area.type, coordinates: draft.area.coordinates } }),
  };
}
