/** The form that edits a device: what is typed, what of it is a change, and what somebody else changed meanwhile. */

import { readNumber } from "../../logic/draft";
import type { Device } from "../asking";

export const MEMBERS = ["name", "profile", "latitude", "longitude", "owner", "tags", "serial", "interval", "notes"] as const;
export type Member = (typeof MEMBERS)[number];
export type Form = Readonly<Record<Member, string>>;

const MOST_TAGS = 32;

/** A device as its form shows it. The interval is in seconds. */
export function formOf(device: Device): Form {
  const coordinates = (device.location as { coordinates?: number[] } | null | undefined)?.coordinates ?? [];
  const [longitude, latitude] = coordinates;
  return {
    name: device.name ?? "",
    profile: device.profile ?? "",
    latitude: latitude === undefined ? "" : String(latitude),
    longitude: longitude === undefined ? "" : String(longitude),
    owner: device.owner ?? "",
    tags: (device.tags ?? []).join(", "),
    serial: device.serial ?? "",
    interval: device.expectedIntervalS == null ? "" : String(device.expectedIntervalS),
    notes: device.notes ?? "",
  };
}

/** Tags as people type them: commas of either kind between them, each once. */
export function readTags(text: string): string[] {
  return [...new Set(text.split(/[,、,\n]/).map((tag) => tag.trim()))].filter((tag) => tag !== "");
}

/** What keeps the form from being saved. A place may be left open, but not half of it. */
export function flawsOf(form: Form): Member[] {
  const flaws: Member[] = [];
  const isPlaced = form.latitude.trim() !== "" || form.longitude.trim() !== "";
  if (isPlaced && !isWithin(form.latitude, 90)) flaws.push("latitude");
  if (isPlaced && !isWithin(form.longitude, 180)) flaws.push("longitude");
  if (form.interval.trim() !== "" && !((readNumber(form.interval) ?? 0) > 0)) flaws.push("interval");
  const tags = readTags(form.tags);
  if (tags.length > MOST_TAGS || tags.some((tag) => tag.length > 64)) flaws.push("tags");
  return flaws;
}

const isWithin = (text: string, most: number): boolean => Math.abs(readNumber(text) ?? Infinity) <= most;

const isSame = (one: string, other: string): boolean => one.trim() === other.trim();

/** Which members differ between two states of the form. */
export const changedIn = (before: Form, after: Form): Member[] => MEMBERS.filter((member) => !isSame(before[member], after[member]));

/** The merge patch of what was changed, and of nothing else; null takes a member away. */
export function patchOf(before: Form, after: Form): Record<string, unknown> {
  const changed = new Set(changedIn(before, after));
  const patch: Record<string, unknown> = {};
  for (const member of ["name", "profile", "owner", "serial", "notes"] as const) {
    if (changed.has(member)) patch[member] = after[member].trim() === "" ? null : after[member].trim();
  }
  if (changed.has("tags")) patch.tags = readTags(after.tags);
  if (changed.has("interval")) patch.expectedIntervalS = readNumber(after.interval) ?? null;
  if (changed.has("latitude") || changed.has("longitude")) {
    const [longitude, latitude] = [readNumber(after.longitude), readNumber(after.latitude)];
    patch.location = longitude === undefined || latitude === undefined ? null : { type: "Point", coordinates: [longitude, latitude] };
  }
  return patch;
}

export interface Merged {
  /** What the form shows from now on: theirs, with one's own changes over it. */
  readonly form: Form;
  /** What the other one changed. */
  readonly theirs: readonly Member[];
  /** What both changed, to different ends: saving again would undo the other's. */
  readonly clashes: readonly Member[];
}

/** Puts one's own changes over those that somebody else saved meanwhile. */
export function merge(before: Form, mine: Form, now: Form): Merged {
  const own = new Set(changedIn(before, mine));
  const theirs = changedIn(before, now);
  const form = Object.fromEntries(MEMBERS.map((member) => [member, own.has(member) ? mine[member] : now[member]])) as Record<Member, string>;
  return { form, theirs, clashes: theirs.filter((member) => own.has(member) && !isSame(mine[member], now[member])) };
}
