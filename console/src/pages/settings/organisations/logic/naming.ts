/** The name of an organisation for programs (`kitayama-sensors`): proposed, so that nobody has to think of one. */

const MOST = 63;
const RIGHT = /^[a-z0-9](-?[a-z0-9]){0,62}$/;

export const isName = (name: string): boolean => RIGHT.test(name);

/** From what it is called, where that has Latin letters; else `partner-2`, the first that is free. */
export function proposeName(called: readonly string[], kind: string, taken: ReadonlySet<string>): string {
  const base = called.map(slug).find((one) => one.length > 1) ?? "";
  if (base !== "" && !taken.has(base)) return base;
  const stem = base === "" ? kind : base.slice(0, MOST - 5);
  for (let number = base === "" ? 1 : 2; ; number++) {
    const name = `${stem}-${number}`;
    if (!taken.has(name)) return name;
  }
}

const slug = (text: string): string =>
  text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, MOST)
    .replace(/^-+|-+$/g, "");
