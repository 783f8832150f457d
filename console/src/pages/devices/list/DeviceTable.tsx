import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type ColumnDef, Table } from "../../../components/Table";
import { formatAge, formatMoment } from "../../../format/times";
import type { Device } from "./asking";
import styles from "./List.module.css";
import type { Sort, SortKey } from "./logic/place";
import { NOTHING, showBattery, showSignal } from "./showing";
import { StateBadge } from "./StateBadge";

interface Props {
  devices: readonly Device[];
  sort: Sort;
  onSort: (sort: Sort) => void;
  open: string | undefined;
  onOpen: (id: string) => void;
}

/** A page of devices. The API puts all of them in order, not the page. */
export function DeviceTable({ devices, sort, onSort, open, onOpen }: Props) {
  const { t } = useTranslation("devices/list");
  const columns = useMemo<ColumnDef<Device>[]>(() => columnsOf(t, onOpen), [t, onOpen]);
  const isDown = sort.startsWith("-");
  const key = sort.replace(/^-/, "");
  return (
    <Table
      label={t("list.label")}
      rows={devices}
      columns={columns}
      rowId={(device) => device.id}
      ordered={{
        by: [{ id: key, desc: isDown }],
        onChange: ([next]) => onSort(next === undefined ? "name" : ((next.desc ? "-" : "") + next.id) as Sort),
      }}
      {...(open !== undefined && { chosen: open })}
    />
  );
}

function columnsOf(t: (key: string) => string, onOpen: (id: string) => void): ColumnDef<Device>[] {
  const sorted = (id: SortKey) => ({ id, header: t(`column.${id}`), enableSorting: true, sortDescFirst: false });
  const unsorted = (id: string) => ({ id, header: t(`column.${id}`), enableSorting: false });
  return [
    { ...sorted("name"), accessorKey: "name", cell: ({ row }) => <Name device={row.original} onOpen={onOpen} /> },
    { ...sorted("state"), accessorKey: "state", cell: ({ row }) => <StateBadge state={row.original.state} /> },
    {
      ...sorted("lastSeen"),
      accessorFn: (device) => device.lastSeen,
      cell: ({ row: { original: one } }) => (one.lastSeen == null ? t("never") : <time title={formatMoment(one.lastSeen)}>{formatAge(one.lastSeen)}</time>),
    },
    { ...unsorted("battery"), cell: ({ row }) => showBattery(row.original), meta: { isNumber: true, isMinor: true } },
    { ...unsorted("signal"), cell: ({ row }) => showSignal(row.original), meta: { isNumber: true, isMinor: true } },
    { ...sorted("profile"), accessorFn: (device) => device.profile ?? NOTHING, meta: { isMinor: true } },
    { ...sorted("owner"), accessorFn: (device) => device.owner ?? NOTHING, meta: { isMinor: true } },
  ];
}

function Name({ device, onOpen }: { device: Device; onOpen: (id: string) => void }) {
  return (
    <>
      <button type="button" className={styles.name} onClick={() => onOpen(device.id)}>
        {device.name ?? device.id}
      </button>
      {device.name != null && <div className={styles.soft}>{device.id}</div>}
    </>
  );
}
