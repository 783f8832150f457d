/** The rows of a report with what is wrong in each, as the table lists them. */

export type Outcome = "create" | "update" | "unchanged" | "refuse";

export interface Fault {
  readonly row: number;
  readonly column?: string | null;
  readonly value?: string | null;
  readonly severity: "error" | "warning";
  readonly code: string;
  readonly what: string;
  readonly mend: string;
}

export interface Line {
  readonly row: number;
  readonly id?: string | null;
  readonly name?: string | null;
  readonly profile?: string | null;
  readonly action: Outcome;
  readonly changes?: readonly string[];
}

export interface ReportRow extends Line {
  readonly faults: readonly Fault[];
}

const HEADER = new Set(["column-unknown", "column-unknown-close"]);

/** What is said of the columns, not of a row. */
export const columnFaults = (faults: readonly Fault[]): readonly Fault[] => faults.filter((fault) => HEADER.has(fault.code));

/** Every row that the report tells of, by number: listed ones, and those that only a fault names. */
export function rowsOf(lines: readonly Line[], faults: readonly Fault[]): readonly ReportRow[] {
  const found = new Map<number, { line: Line; faults: Fault[] }>(lines.map((line) => [line.row, { line, faults: [] }]));
  for (const fault of faults) {
    if (HEADER.has(fault.code)) continue;
    const known = found.get(fault.row);
    if (known !== undefined) known.faults.push(fault);
    else found.set(fault.row, { line: { row: fault.row, action: fault.severity === "error" ? "refuse" : "create" }, faults: [fault] });
  }
  return [...found.values()].map(({ line, faults: own }) => ({ ...line, faults: own })).sort((one, other) => one.row - other.row);
}

export type Wanted = "all" | "refused" | "noted";

/** What one may narrow the rows to: all, and what there is besides. */
export function choicesOf(rows: readonly ReportRow[]): readonly { readonly value: Wanted; readonly count: number }[] {
  const count = (value: Wanted): number => onlyWanted(rows, value).length;
  const [refused, noted] = [count("refused"), count("noted")];
  return [
    { value: "all", count: rows.length },
    ...(refused > 0 ? [{ value: "refused" as const, count: refused }] : []),
    ...(noted > refused ? [{ value: "noted" as const, count: noted }] : []),
  ];
}

/** The rows that are wanted: all, those that are refused, or those that anything is said of. */
export function onlyWanted(rows: readonly ReportRow[], wanted: Wanted): readonly ReportRow[] {
  if (wanted === "all") return rows;
  return rows.filter((row) => (wanted === "refused" ? row.action === "refuse" : row.faults.length > 0));
}
