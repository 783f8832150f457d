/** What a change of a device changed, member by member, as far as people read it. */

export interface Step {
  readonly member: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

const KNOWN = new Set(["name", "profile", "location", "owner", "tags", "serial", "expectedIntervalS", "notes", "state", "installedAt", "maintenance"]);
const LONG = 80;

/** The members that differ. Those without words of their own are `other`. */
export function stepsOf(change: { readonly before: object; readonly after: object }): Step[] {
  const [before, after] = [change.before as Record<string, unknown>, change.after as Record<string, unknown>];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => name !== "id");
  return names.map((name) => ({ member: KNOWN.has(name) ? name : "other", before: write(before[name]), after: write(after[name]) }));
}

function write(value: unknown): string | undefined {
  if (value === null || value === undefined || value === "") return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.join(", ");
  if (typeof value === "object") {
    const { coordinates } = value as { coordinates?: unknown };
    return Array.isArray(coordinates) ? (coordinates as number[]).slice(0, 2).reverse().join(", ") : undefined;
  }
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > LONG ? `${text.slice(0, LONG)}…` : text;
}
