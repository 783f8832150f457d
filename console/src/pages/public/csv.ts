/** The current values as CSV for spreadsheets: UTF-8 with a mark, Japanese heads, times in JST, nothing that a spreadsheet would run. */

import type { Entity } from "../../api/entities";
import { attributeName, plainId } from "../../format/names";
import { pick } from "../../format/language";
import { formatTime } from "../../format/times";
import { unitSign } from "../../format/units";
import { type DataSet, hiddenBelow } from "./openData";

const MARK = "\uFEFF";
const NO_COLUMNS = new Set(["name", "stationName", "location"]);

/** Counts that are hidden because they are small say so: an empty cell would be a fault. */
export function toCsv(entities: readonly Entity[], set: Pick<DataSet, "hiddenCounts">): string {
  const columns = columnsOf(entities, set.hiddenCounts?.attributes ?? []);
  const head = [
    ...[["番号", "id"], ["名前", "name"], ["緯度", "latitude"], ["経度", "longitude"], ["日時 (JST)", "time (JST)"]].map(([ja, en]) => pick([ja ?? "", en ?? ""])),
    ...columns.map(([name, unit]) => (unit === "" ? attributeName(name) : `${attributeName(name)} (${unit})`)),
  ];
  const rows = entities.map((entity) => [
    plainId(entity.id),
    entity.name,
    entity.position?.[1],
    entity.position?.[0],
    entity.at > 0 ? formatTime(entity.at) : undefined,
    ...columns.map(([name]) => entity.attributes.get(name)?.value ?? hiddenText(hiddenBelow(set, name))),
  ]);
  return MARK + [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

const hiddenText = (below: number | undefined): string | undefined =>
  below === undefined ? undefined : pick([`非公開（${String(below)}未満）`, `hidden (below ${String(below)})`]);

function columnsOf(entities: readonly Entity[], always: readonly string[]): [name: string, unit: string][] {
  const found = new Map<string, string>(always.map((name) => [name, ""]));
  for (const entity of entities) {
    for (const [name, attribute] of entity.attributes) {
      if (!NO_COLUMNS.has(name) && (typeof attribute.value !== "object" || attribute.value === null)) found.set(name, unitSign(attribute.unitCode));
    }
  }
  return [...found];
}

/** Text that a spreadsheet would take for a formula gets an apostrophe in front. */
export function cell(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
