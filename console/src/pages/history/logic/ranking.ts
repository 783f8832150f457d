/** One line per place and attribute, over the whole span: who is the loudest, the warmest, the busiest. */

import type { Method } from "./bucket";
import type { Row } from "./rows";

export interface Ranked {
  readonly entityId: string;
  readonly name: string;
  readonly attribute: string;
  readonly label: string;
  readonly unit: string;
  readonly avg: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly count: number;
}

export const COLUMNS = ["avg", "max", "min", "sum", "count"] as const;
export type RankedBy = (typeof COLUMNS)[number];

/** Reads the rows of `summaryPath`; what has no figures is left out. */
export function readRanking(rows: readonly Row[]): Ranked[] {
  return rows.flatMap((row) => {
    const [avg, min, max, sum, count] = [row.avg, row.min, row.max, row.sum, row.count];
    const areNumbers = [avg, min, max, sum, count].every((one) => typeof one === "number");
    if (!areNumbers) return [];
    return [
      {
        entityId: row.entityId,
        name: row.entityName ?? "",
        attribute: row.attribute,
        label: row.label ?? row.attribute,
        unit: row.unit ?? "",
        ...({ avg, min, max, sum, count } as Record<RankedBy, number>),
      },
    ];
  });
}

/** The column that answers what a method asks: the loudest by the mean are ordered by the mean. */
export function columnOf(method: Method | undefined): RankedBy {
  return (COLUMNS as readonly string[]).includes(method ?? "") ? (method as RankedBy) : "avg";
}

/** In descending order of a column, equal ones by name; of `min` in ascending order, since the lowest are asked for. */
export function rank(ranked: readonly Ranked[], by: RankedBy): Ranked[] {
  const sign = by === "min" ? 1 : -1;
  return [...ranked].sort((one, other) => sign * (one[by] - other[by]) || one.name.localeCompare(other.name, "ja"));
}

const FEW_SHARE = 0.1;

/** Those of which enough is recorded to be compared: a mean of an hour says nothing beside one of a month. */
export function comparable(ranked: readonly Ranked[]): Ranked[] {
  const most = Math.max(...ranked.map((one) => one.count));
  return ranked.filter((one) => one.count >= FEW_SHARE * most);
}

/** The first places of a ranking, each once. */
export function firstPlaces(ranked: readonly Ranked[], count: number): string[] {
  return [...new Set(ranked.map((one) => one.entityId))].slice(0, count);
}

const FULL_WIDTH = /[\u30a1-\u30f6]/g;

/** As people search: without case, width, and the kind of kana. */
export function searchable(text: string): string {
  const hiragana = (sign: string) => String.fromCharCode(sign.charCodeAt(0) - 0x60);
  return text.normalize("NFKC").toLowerCase().replace(FULL_WIDTH, hiragana);
}

export function matches(one: Ranked, searched: string): boolean {
  return searched === "" || searchable(`${one.name} ${one.entityId}`).includes(searchable(searched.trim()));
}

/** Attributes that are counted over a span rather than averaged. */
const COUNTED = /^(intensity|precipitation|vehicle(Entrance|Exit)Count|peopleCount(In|Out)|totalActiveEnergy)/;

/** What one asks of an attribute first. */
export function usualMethod(attribute: string): Method {
  return COUNTED.test(attribute) ? "sum" : "avg";
}
