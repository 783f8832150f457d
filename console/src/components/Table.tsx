/** A table on TanStack Table: sorted by its heads, virtual above some hundred rows, whole rows to choose by keyboard. */

import {
  type ColumnDef,
  flexRender,
  functionalUpdate,
  getCoreRowModel,
  getSortedRowModel,
  type Header,
  type Row,
  type RowData,
  type SortingState,
  useReactTable,
} from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { cx } from "./cx";
import styles from "./Table.module.css";

declare module "@tanstack/react-table" {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  interface ColumnMeta<TData extends RowData, TValue> {
    /** Numbers stand at the right, with figures of one width. */
    isNumber?: boolean;
    /** Left out on narrow screens. */
    isMinor?: boolean;
  }
}

export type { ColumnDef } from "@tanstack/react-table";

interface Props<T> {
  /** What the table holds; for screen readers. */
  label: string;
  rows: readonly T[];
  columns: readonly ColumnDef<T>[];
  rowId: (row: T) => string;
  /** Which row is open in a drawer or panel. */
  chosen?: string;
  initialSorting?: SortingState;
  /** The rows are in order already, and there are more of them elsewhere: the API is asked for another order. */
  ordered?: { readonly by: SortingState; readonly onChange: (by: SortingState) => void };
  /** The height within which it scrolls; without it, it is as long as its rows (use up to some hundred). */
  height?: number | string;
  rowHeight?: number;
}

export function Table<T>({ label, rows, columns, rowId, chosen, initialSorting = [], ordered, height, rowHeight = 48 }: Props<T>) {
  const { t } = useTranslation();
  const [sorting, setSorting] = useState<SortingState>(initialSorting);
  const [said, setSaid] = useState<SortingState[number]>();
  const scroller = useRef<HTMLDivElement>(null);
  const table = useReactTable({
    data: rows as T[],
    columns: columns as ColumnDef<T>[],
    state: { sorting: ordered?.by ?? sorting },
    manualSorting: ordered !== undefined,
    onSortingChange: (next) => {
      const by = functionalUpdate(next, ordered?.by ?? sorting);
      if (ordered === undefined) setSorting(by);
      else ordered.onChange(by);
      setSaid(by[0]);
    },
    getRowId: rowId,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
  });
  const sorted = table.getRowModel().rows;
  const { shown, before, after } = useDrawn(sorted, height === undefined ? undefined : rowHeight, scroller);
  return (
    <div ref={scroller} className={styles.scroller} style={{ maxHeight: height }} role="region" aria-label={label} tabIndex={0}>
      <table className={styles.table} aria-rowcount={sorted.length + 1}>
        <caption className="visually-hidden">
          {label}
          <span role="status">{said !== undefined && t(`table.sorted.${said.desc ? "desc" : "asc"}`, { column: headOf(columns, said.id) })}</span>
        </caption>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map((header) => (
                <Head key={header.id} header={header} order={header.column.getIsSorted()} />
              ))}
            </tr>
          ))}
        </thead>
        <tbody>
          {before > 0 && <Spacer height={before} columns={columns.length} />}
          {shown.map((row) => (
            <tr key={row.id} aria-rowindex={row.index + 2} className={cx(row.id === chosen && styles.chosen)} style={height === undefined ? undefined : { height: rowHeight }}>
              {row.getVisibleCells().map((cell) => (
                <td key={cell.id} className={classOf(cell.column.columnDef.meta)}>
                  {flexRender(cell.column.columnDef.cell, cell.getContext())}
                </td>
              ))}
            </tr>
          ))}
          {after > 0 && <Spacer height={after} columns={columns.length} />}
        </tbody>
      </table>
    </div>
  );
}

/** The rows that are drawn, and how much room the others take before and after them; without a height of rows, all are. */
function useDrawn<T>(sorted: readonly Row<T>[], rowHeight: number | undefined, scroller: RefObject<HTMLDivElement | null>) {
  const virtual = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight ?? 0,
    overscan: 12,
    enabled: rowHeight !== undefined,
  });
  if (rowHeight === undefined) return { shown: sorted, before: 0, after: 0 };
  const items = virtual.getVirtualItems();
  return {
    shown: items.flatMap((item) => sorted[item.index] ?? []),
    before: items[0]?.start ?? 0,
    after: virtual.getTotalSize() - (items.at(-1)?.end ?? 0),
  };
}

type Order = false | "asc" | "desc";
const ARIA_ORDER = { asc: "ascending", desc: "descending" } as const;
const MARK = { asc: " ▲", desc: " ▼" } as const;

/** What stands above a column; a button where the column can be sorted by. `order` is the column's present one. */
function Head<T>({ header, order }: { header: Header<T, unknown>; order: Order }) {
  const { t } = useTranslation();
  const text = flexRender(header.column.columnDef.header, header.getContext());
  return (
    <th scope="col" className={classOf(header.column.columnDef.meta)} aria-sort={order === false ? undefined : ARIA_ORDER[order]}>
      {header.column.getCanSort() ? (
        <button type="button" onClick={header.column.getToggleSortingHandler()} title={t("table.sort")}>
          {text}
          <span aria-hidden="true">{order === false ? "" : MARK[order]}</span>
        </button>
      ) : (
        text
      )}
    </th>
  );
}

const classOf = (meta: { isNumber?: boolean; isMinor?: boolean } | undefined) =>
  cx(meta?.isNumber === true && styles.number, meta?.isMinor === true && styles.minor);

/** What stands above a column, where it is a text. */
function headOf<T>(columns: readonly ColumnDef<T>[], id: string): string {
  const found = columns.find((column) => column.id === id || ("accessorKey" in column && column.accessorKey === id));
  return typeof found?.header === "string" ? found.header : "";
}

/** Stands for rows that are not drawn. */
function Spacer({ height, columns }: { height: number; columns: number }) {
  return (
    <tr aria-hidden="true">
      <td colSpan={columns} style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}
