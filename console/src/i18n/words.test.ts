/** Both languages say the same things, everything that is said is there, and nothing is there for nobody. */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const SOURCES = join(import.meta.dirname, "..");
type Words = { [name: string]: string | Words };

function keysOf(words: Words, before = ""): string[] {
  return Object.entries(words).flatMap(([name, value]) => (typeof value === "string" ? [before + name] : keysOf(value, `${before}${name}.`)));
}

const read = (path: string): Words => JSON.parse(readFileSync(path, "utf-8")) as Words;

const hasWords = (folder: string): boolean => existsSync(join(folder, "words.ja.json"));

/** The sources of a folder, without those of sections that have words of their own, unless `all` are asked for. */
function sourcesIn(folder: string, all = false): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return !all && hasWords(path) ? [] : sourcesIn(path, all);
    return /\.tsx?$/.test(name) && !name.includes(".test.") && name !== "schema.ts" ? [readFileSync(path, "utf-8")] : [];
  });
}

interface Place {
  readonly name: string;
  readonly ja: string;
  readonly en: string;
  /** Where its keys are used. */
  readonly sources: readonly string[];
}

const folders = readdirSync(join(SOURCES, "pages"), { recursive: true, encoding: "utf-8" }).filter((name) => hasWords(join(SOURCES, "pages", name)));
const places: Place[] = [
  { name: "shell", ja: join(SOURCES, "i18n/shell.ja.json"), en: join(SOURCES, "i18n/shell.en.json"), sources: sourcesIn(SOURCES, true) },
  { name: "problems", ja: join(SOURCES, "i18n/problems.ja.json"), en: join(SOURCES, "i18n/problems.en.json"), sources: sourcesIn(SOURCES, true) },
  ...folders.map((page) => ({
    name: page,
    ja: join(SOURCES, "pages", page, "words.ja.json"),
    en: join(SOURCES, "pages", page, "words.en.json"),
    sources: sourcesIn(join(SOURCES, "pages", page)),
  })),
];

/** Keys as they stand in quotes, and the fixed beginnings of those that are put together. */
function usedIn(sources: readonly string[]): { whole: Set<string>; beginnings: string[] } {
  const text = sources.join("\n");
  const whole = new Set([...text.matchAll(/["'`]([\w]+(?:\.[\w]+)*)["'`]/g)].map((found) => found[1] ?? ""));
  const beginnings = [...text.matchAll(/`([\w]+(?:\.[\w]+)*\.)\$\{/g)].map((found) => found[1] ?? "");
  return { whole, beginnings };
}

describe.each(places)("words of $name", ({ ja, en, sources }) => {
  const [japanese, english] = [keysOf(read(ja)), keysOf(read(en))];

  it("are the same in both languages", () => {
    expect(english.sort()).toEqual(japanese.sort());
  });

  it("have the same gaps to fill in both languages", () => {
    const gaps = (words: Words): Record<string, string[]> =>
      Object.fromEntries(
        Object.entries(words).flatMap(([name, value]): [string, string[]][] =>
          typeof value === "string" ? [[name, [...value.matchAll(/\{\{(\w+)\}\}/g)].map((found) => found[1] ?? "").sort()]] : Object.entries(gaps(value)).map(([below, found]) => [`${name}.${below}`, found]),
        ),
      );
    expect(gaps(read(en))).toEqual(gaps(read(ja)));
  });

  it("are all used", () => {
    const { whole, beginnings } = usedIn(sources);
    const isUsed = (key: string): boolean => {
      const plain = key.replace(/_(one|other|zero|many|few)$/, "");
      return whole.has(plain) || beginnings.some((beginning) => plain.startsWith(beginning));
    };
    expect(japanese.filter((key) => !isUsed(key))).toEqual([]);
  });
});

it("words that the pages ask for are there", () => {
  for (const { name, ja, sources } of places.slice(2)) {
    const known = new Set([...keysOf(read(ja)), ...keysOf(read(join(SOURCES, "i18n/shell.ja.json")))].map((key) => key.replace(/_(one|other)$/, "")));
    const asked = [...sources.join("\n").matchAll(/\bt\(\s*["']([\w.]+)["']/g)].map((found) => found[1] ?? "");
    expect(asked.filter((key) => !known.has(key)), name).toEqual([]);
  }
});
