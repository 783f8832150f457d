import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { type ColumnDef, Table } from "../../../components/Table";
import { formatAge, formatDate, formatMoment, toMs } from "../../../format/times";
import { rolesToGive } from "../people/giving";
import { type Organisation, organisationName } from "../people/asking";
import styles from "../people/people.module.css";
import { useRoleWords } from "../people/roles";
import type { Key } from "./asking";
import { KeyState } from "./KeyState";
import { type Caller, mayRevoke, mayRotate } from "./logic/standing";

interface Props {
  keys: readonly Key[];
  caller: Caller;
  organisations: readonly Organisation[];
  onRotate: (key: Key) => void;
  onRevoke: (key: Key) => void;
}

export function KeyTable({ keys, ...rest }: Props) {
  const { t } = useTranslation("settings/keys");
  const columns = useColumns(rest);
  return <Table label={t("title")} rows={keys} columns={columns} rowId={(key) => key.prefix} initialSorting={[{ id: "createdAt", desc: true }]} />;
}

function useColumns({ caller, organisations, onRotate, onRevoke }: Omit<Props, "keys">): ColumnDef<Key>[] {
  const { t, i18n } = useTranslation("settings/keys");
  const roles = useRoleWords();
  const language = i18n.resolvedLanguage;
  return useMemo(() => {
    const house = (key: Key) => organisationName(organisations.find((one) => one.name === key.organisation) ?? { name: key.organisation });
    const used = (key: Key) => (key.lastUsedAt == null ? t("unused") : formatAge(key.lastUsedAt));
    return [
      { id: "label", header: t("column.label"), accessorFn: (key) => key.label ?? "", cell: ({ row }) => <Name of={row.original} caller={caller} about={`${roles.name(row.original.role)} · ${used(row.original)}`} /> },
      {
        id: "role",
        header: t("column.role"),
        accessorFn: (key) => key.role,
        meta: { isMinor: true },
        cell: ({ row }) => (
          <>
            {roles.name(row.original.role)}
            <span className={styles.minor}>{house(row.original)}</span>
          </>
        ),
      },
      { id: "state", header: t("column.state"), accessorFn: (key) => key.state, cell: ({ row }) => <KeyState of={row.original} /> },
      {
        id: "lastUsedAt",
        header: t("column.used"),
        accessorFn: (key) => (key.lastUsedAt == null ? 0 : toMs(key.lastUsedAt)),
        meta: { isMinor: true },
        cell: ({ row }) => <span title={row.original.lastUsedAt == null ? undefined : formatMoment(row.original.lastUsedAt)}>{used(row.original)}</span>,
      },
      {
        id: "createdAt",
        header: t("column.made"),
        accessorFn: (key) => toMs(key.createdAt ?? 0),
        meta: { isMinor: true },
        cell: ({ row }) => (row.original.createdAt === undefined ? "–" : formatDate(row.original.createdAt)),
      },
      {
        id: "acts",
        header: t("column.acts"),
        enableSorting: false,
        cell: ({ row }) => <Acts of={row.original} caller={caller} onRotate={onRotate} onRevoke={onRevoke} />,
      },
    ];
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the words change with the language
  }, [caller, organisations, onRotate, onRevoke, language]);
}

function Name({ of, caller, about }: { of: Key; caller: Caller; about: string }) {
  const { t } = useTranslation("settings/keys");
  return (
    <>
      {of.label === undefined || of.label === "" ? t("unnamed") : of.label}
      {of.prefix === caller.prefix && <strong className={styles.minor}>{t("yours")}</strong>}
      <code className={styles.minor}>{of.prefix}</code>
      <span className={styles.narrow}>{about}</span>
    </>
  );
}

function Acts({ of, caller, onRotate, onRevoke }: { of: Key; caller: Caller; onRotate: (key: Key) => void; onRevoke: (key: Key) => void }) {
  const { t } = useTranslation("settings/keys");
  const gives = caller.role === "administrator" ? [] : [...rolesToGive(caller.role, "town")];
  return (
    <span className={styles.acts}>
      {mayRotate(of, caller) && (
        <Button aria-label={t("rotateOne", { prefix: of.prefix })} onClick={() => onRotate(of)}>
          {t("rotate")}
        </Button>
      )}
      {mayRevoke(of, caller, gives) && (
        <Button kind="danger" aria-label={t("revokeOne", { prefix: of.prefix })} onClick={() => onRevoke(of)}>
          {t("revoke")}
        </Button>
      )}
    </span>
  );
}
