/** From rows to curves: one per place, attribute, method and unit, each with what can be said of it. */

import type { Bucket, Method } from "./bucket";
import type { Window } from "./compare";
import type { Row } from "./rows";

export interface Series {
  readonly key: string;
  readonly entityId: string;
  readonly entityName: string;
  readonly attribute: string;
  readonly label: string;
  readonly datasetId: string;
  readonly unit: string;
  /** undefined: the values themselves. */
  readonly method: Method | undefined;
  /** 0: the span itself; 1: a year before. */
  readonly yearsBefore: number;
  /** Milliseconds, in order. */
  readonly times: number[];
  readonly values: number[];
}

/** Gathers rows as they come. What is no number (text, yes and no as well) is counted and left out. */
export class SeriesGatherer {
  private readonly found = new Map<string, Series>();
  private readonly bucket: Bucket;
  private readonly methods: readonly Method[];
  private readonly yearsBefore: number;
  points = 0;
  notNumbers = 0;
  /** The time of the newest row: rows come in the order of time, so this is how far the answer is. */
  reached = -Infinity;

  constructor(bucket: Bucket, methods: readonly Method[], yearsBefore = 0) {
    this.bucket = bucket;
    this.methods = methods;
    this.yearsBefore = yearsBefore;
  }

  add(rows: readonly Row[]): void {
    for (const row of rows) {
      const time = Date.parse(row.time);
      this.reached = time;
      if (this.bucket === "none") this.put(row, time, undefined, row.value);
      else for (const method of this.methods) if (row[method] !== undefined) this.put(row, time, method, row[method]);
    }
  }

  private put(row: Row, time: number, method: Method | undefined, value: unknown): void {
    if (typeof value !== "number") {
      this.notNumbers += 1;
      return;
    }
    const key = [row.entityId, row.attribute, row.datasetId ?? "", row.unit ?? "", method ?? "", this.yearsBefore].join("\u0001");
    let series = this.found.get(key);
    if (series === undefined) {
      series = makeSeries(key, row, method, this.yearsBefore);
      this.found.set(key, series);
    }
    series.times.push(time);
    series.values.push(value);
    this.points += 1;
  }

  get series(): Series[] {
    return [...this.found.values()];
  }
}

function makeSeries(key: string, row: Row, method: Method | undefined, yearsBefore: number): Series {
  return {
    key,
    entityId: row.entityId,
    entityName: row.entityName ?? "",
    attribute: row.attribute,
    label: row.label ?? row.attribute,
    datasetId: row.datasetId ?? "",
    unit: method === "count" ? "" : (row.unit ?? ""),
    method,
    yearsBefore,
    times: [],
    values: [],
  };
}

/** As they were asked for: the first place first, then its attributes, methods and years. */
export function inOrder(series: readonly Series[], asked: { readonly ids: readonly string[]; readonly attributes: readonly string[]; readonly methods: readonly Method[] }): Series[] {
  const rank = (one: Series) => [asked.ids.indexOf(one.entityId), asked.attributes.indexOf(one.attribute), one.method === undefined ? 0 : asked.methods.indexOf(one.method), one.yearsBefore];
  return [...series].sort((one, other) => {
    const [first, second] = [rank(one), rank(other)];
    return first.map((value, index) => value - (second[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
  });
}

/** Lines of the table: a time, and a cell per curve (undefined where there is nothing). */
export interface Line {
  readonly time: number;
  readonly cells: readonly (number | undefined)[];
}

/** Merges the curves by time; former years lie on the present one, and what has no place there keeps its own time. */
export function linesOf(series: readonly Series[], windows: readonly Window[] = []): Line[] {
  const byTime = new Map<number, (number | undefined)[]>();
  series.forEach((one, position) => {
    const align = windows[one.yearsBefore]?.align;
    one.times.forEach((time, index) => {
      const at = align?.(time) ?? time;
      let cells = byTime.get(at);
      if (cells === undefined) {
        cells = new Array<number | undefined>(series.length).fill(undefined);
        byTime.set(at, cells);
      }
      cells[position] = one.values[index];
    });
  });
  return [...byTime].sort(([one], [other]) => one - other).map(([time, cells]) => ({ time, cells }));
}
