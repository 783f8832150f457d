/** A device's message as people can look it over: its names and values, whatever the nesting. */

export interface Part {
  readonly name: string;
  readonly value: string;
}

const MOST_PARTS = 12;
const MOST_CHARS = 80;

/** The first values of a JSON message; undefined where it is none (bytes, a frame). */
export function partsOf(sample: string): readonly Part[] | undefined {
  let message: unknown;
  try {
    message = JSON.parse(sample);
  } catch {
    return undefined;
  }
  const parts: Part[] = [];
  collect(Array.isArray(message) ? (message as unknown[])[0] : message, "", parts);
  return parts.length === 0 ? undefined : parts;
}

function collect(value: unknown, name: string, into: Part[]): void {
  if (into.length >= MOST_PARTS) return;
  if (typeof value === "object" && value !== null) {
    for (const [key, below] of Object.entries(value)) collect(below, name === "" ? key : `${name}.${key}`, into);
  } else if (name !== "") {
    const text = String(value);
    into.push({ name, value: text.length > MOST_CHARS ? `${text.slice(0, MOST_CHARS)}…` : text });
  }
}
