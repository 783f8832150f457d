import { useDeferredValue, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { may } from "../../api/session";
import { useAuth } from "../../app/auth";
import { navigate, useSearch } from "../../app/router";
import { Button } from "../../components/Button";
import { Choice, TextField } from "../../components/Field";
import { EmptyState, ErrorState, Loading } from "../../components/states";
import { type ColumnDef, Table } from "../../components/Table";
import { formatCount, formatShare } from "../../format/numbers";
import { formatAge, formatMoment } from "../../format/times";
import { type Device, type DeviceState, STATES, useDevices } from "./asking";
import { Detail } from "./Detail";
import styles from "./Devices.module.css";
import { StateBadge } from "./StateBadge";

const FIRST = 200;
const MOST = 1000;
const isState = (text: string | null): text is DeviceState => STATES.some((state) => state === text);

export function List() {
  const { t } = useTranslation("devices");
  const { visitor } = useAuth();
  const [search, change] = useSearch();
  const asked = search.get("state");
  const state = isState(asked) ? asked : undefined;
  const text = search.get("text") ?? "";
  const limit = search.has("all") ? MOST : FIRST;
  const words = useDeferredValue(text.trim());
  const found = useDevices({ ...(state !== undefined && { state }), text: words, limit });
  const open = search.get("id");
  const isNarrowed = state !== undefined || text !== "";
  const canRegister = may(visitor, "devices:own:write");
  const toForm = canRegister && (
    <Button kind="main" icon="plus" onClick={() => navigate("/devices/new")}>
      {t("list.new")}
    </Button>
  );
  const filters = [{ value: "", label: t("list.all") }, ...STATES.map((one) => ({ value: one, label: t(`state.${one}`) }))];
  return (
    <>
      <header className={styles.head}>
        <div>
          <h1>{t("title")}</h1>
          <p className={styles.soft}>{t("lead")}</p>
        </div>
        {toForm}
      </header>
      <div className={styles.filters}>
        <Choice label={t("list.filter")} value={state ?? ""} options={filters} onChange={(value) => change({ state: value, all: undefined })} />
        <TextField label={t("list.search")} type="search" maxLength={100} value={text} onChange={(event) => change({ text: event.target.value })} />
      </div>
      {found.isPending && <Loading />}
      {found.isError && found.data === undefined && <ErrorState error={found.error} onRetry={() => void found.refetch()} />}
      {found.data?.devices.length === 0 && !isNarrowed && (
        <EmptyState icon="device" title={t("list.emptyTitle")} action={toForm}>
          {t("list.emptyText")}
        </EmptyState>
      )}
      {found.data?.devices.length === 0 && isNarrowed && (
        <EmptyState icon="search" title={t("list.noneTitle")} action={<Button onClick={() => change({ state: undefined, text: undefined })}>{t("list.clear")}</Button>}>
          {t("list.noneText")}
        </EmptyState>
      )}
      {found.data !== undefined && found.data.devices.length > 0 && (
        <>
          <p role="status">{t("list.count", { total: formatCount(found.data.total), shown: formatCount(found.data.devices.length) })}</p>
          <Devices devices={found.data.devices} open={open ?? undefined} onOpen={(id) => change({ id }, { push: true })} />
          {found.data.total > limit && limit < MOST && (
            <div>
              <Button onClick={() => change({ all: "1" })}>{t("list.more")}</Button>
            </div>
          )}
        </>
      )}
      {open !== null && <Detail key={open} id={open} onClose={() => change({ id: undefined })} />}
    </>
  );
}

function Devices({ devices, open, onOpen }: { devices: readonly Device[]; open: string | undefined; onOpen: (id: string) => void }) {
  const { t } = useTranslation("devices");
  const columns = useMemo<ColumnDef<Device>[]>(
    () => [
      {
        id: "name",
        header: t("column.name"),
        accessorFn: (device) => device.name ?? device.id,
        cell: ({ row: { original: one } }) => (
          <>
            <button type="button" className={styles.name} onClick={() => onOpen(one.id)}>
              {one.name ?? one.id}
            </button>
            {one.name != null && <div className={styles.soft}>{one.id}</div>}
          </>
        ),
      },
      { id: "state", header: t("column.state"), accessorKey: "state", cell: ({ row }) => <StateBadge state={row.original.state} /> },
      {
        id: "lastSeen",
        header: t("column.lastSeen"),
        accessorFn: (device) => device.lastSeen ?? "",
        cell: ({ row: { original: one } }) => (one.lastSeen == null ? t("never") : <time title={formatMoment(one.lastSeen)}>{formatAge(one.lastSeen)}</time>),
      },
      { id: "battery", header: t("column.battery"), accessorFn: (device) => batteryOf(device) ?? -1, cell: ({ row }) => showBattery(row.original), meta: { isNumber: true, isMinor: true } },
      { id: "signal", header: t("column.signal"), accessorFn: (device) => signalOf(device) ?? -999, cell: ({ row }) => showSignal(row.original), meta: { isNumber: true, isMinor: true } },
      { id: "profile", header: t("column.profile"), accessorFn: (device) => device.profile ?? "", meta: { isMinor: true } },
      { id: "owner", header: t("column.owner"), accessorFn: (device) => device.owner ?? "", meta: { isMinor: true } },
    ],
    [t, onOpen],
  );
  return <Table label={t("list.label")} rows={devices} columns={columns} rowId={(device) => device.id} {...(open !== undefined && { chosen: open })} {...(devices.length > FIRST && { height: "70vh", rowHeight: 64 })} />;
}

const batteryOf = (device: Device): number | undefined => (typeof device.battery === "number" ? device.battery : undefined);
const signalOf = (device: Device): number | undefined => (typeof device.signal === "number" ? device.signal : undefined);

export function showBattery(device: Device): string {
  const share = batteryOf(device);
  return share === undefined ? "–" : formatShare(share);
}

export function showSignal(device: Device): string {
  const signal = signalOf(device);
  return signal === undefined ? "–" : `${signal} dBm`;
}
