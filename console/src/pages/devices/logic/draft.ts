/** What is typed into the form of a new device, and what the API is asked with. */

export interface Form {
  readonly profile: string;
  readonly id: string;
  readonly name: string;
  readonly latitude: string;
  readonly longitude: string;
  readonly owner: string;
}

export const EMPTY: Form = { profile: "", id: "", name: "", latitude: "", longitude: "", owner: "" };
export type Flaw = "profile" | "id" | "latitude" | "longitude";
export const STEPS = ["profile", "place", "name"] as const;
export type Step = (typeof STEPS)[number];

const ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** A number as people in Japan type it, full width too. */
export function readNumber(text: string): number | undefined {
  const plain = text.normalize("NFKC").replace(/\u2212/g, "-").trim();
  return /^-?\d+(\.\d+)?$/.test(plain) ? Number(plain) : undefined;
}

const isWithin = (text: string, most: number): boolean => Math.abs(readNumber(text) ?? Infinity) <= most;

/** What keeps a step from being left; a place may be left open, but not half of it. */
export function flawsOf(form: Form, step: Step): Flaw[] {
  if (step === "profile") return form.profile === "" ? ["profile"] : [];
  if (step === "name") return ID.test(form.id.normalize("NFKC").trim()) ? [] : ["id"];
  if (form.latitude.trim() === "" && form.longitude.trim() === "") return [];
  const flaws: Flaw[] = [];
  if (!isWithin(form.latitude, 90)) flaws.push("latitude");
  if (!isWithin(form.longitude, 180)) flaws.push("longitude");
  return flaws;
}

/** The body of a registration. */
export function draftOf(form: Form) {
  const latitude = readNumber(form.latitude);
  const longitude = readNumber(form.longitude);
  const name = form.name.trim();
  const owner = form.owner.trim();
  return {
    id: form.id.normalize("NFKC").trim(),
    profile: form.profile,
    ...(name !== "" && { name }),
    ...(owner !== "" && { owner }),
    ...(latitude !== undefined && longitude !== undefined && { location: { type: "Point" as const, coordinates: [longitude, latitude] as [number, number] } }),
  };
}

interface Value {
  readonly accepts?: string;
  readonly map?: Readonly<Record<string, unknown>>;
  readonly min?: number;
  readonly max?: number;
}

export interface ProfileDocument {
  readonly codec?: string;
  readonly values?: Readonly<Record<string, Value>>;
}

const SAMPLED = 5;

/** A message that a device of this profile could send, to try the mapping with; "" where its messages are bytes. */
export function sampleOf(document: ProfileDocument): string {
  if (document.codec !== undefined) return "";
  const sample: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(document.values ?? {}).slice(0, SAMPLED)) put(sample, key.split("."), exampleOf(value));
  return JSON.stringify(sample, null, 2);
}

function exampleOf({ accepts, map, min, max }: Value): unknown {
  const first = Object.keys(map ?? {})[0];
  if (first !== undefined) return first;
  if (accepts === "text") return "1.0";
  if (accepts === "boolean") return true;
  return min !== undefined && max !== undefined ? (min + max) / 2 : 12.5;
}

function put(into: Record<string, unknown>, [first = "", ...rest]: string[], value: unknown): void {
  if (rest.length === 0) {
    into[first] = value;
    return;
  }
  const known = into[first];
  const below = typeof known === "object" && known !== null ? (known as Record<string, unknown>) : {};
  into[first] = below;
  put(below, rest, value);
}
