import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useAuth } from "../../../app/auth";
import { Button } from "../../../components/Button";
import { type ColumnDef, Table } from "../../../components/Table";
import { formatAge, formatMoment, toMs } from "../../../format/times";
import { organisationName, useOrganisations } from "../people/asking";
import styles from "../people/people.module.css";
import { useRoleWords } from "../people/roles";
import { AccountState } from "./AccountState";
import type { Account } from "./asking";
import { nameOf } from "./logic/standing";

export function AccountTable({ accounts, onOpen }: { accounts: readonly Account[]; onOpen: (account: Account) => void }) {
  const { t, i18n } = useTranslation("settings/accounts");
  const roles = useRoleWords();
  const known = useOrganisations().data;
  const language = i18n.resolvedLanguage;
  const columns = useMemo((): ColumnDef<Account>[] => {
    const house = (account: Account) => organisationName(known?.find((one) => one.name === account.organisation) ?? { name: account.organisation });
    const seen = (account: Account) => (account.loggedInAt == null ? t("never") : formatAge(account.loggedInAt));
    return [
      { id: "name", header: t("column.name"), accessorFn: nameOf, cell: ({ row }) => <Name of={row.original} about={`${roles.name(row.original.role)} · ${house(row.original)}`} /> },
      {
        id: "role",
        header: t("column.role"),
        accessorFn: (account) => account.role,
        meta: { isMinor: true },
        cell: ({ row }) => (
          <>
            {roles.name(row.original.role)}
            <span className={styles.minor}>{house(row.original)}</span>
          </>
        ),
      },
      { id: "state", header: t("column.state"), accessorFn: (account) => account.disabledAt ?? "", cell: ({ row }) => <AccountState of={row.original} /> },
      {
        id: "seen",
        header: t("column.seen"),
        accessorFn: (account) => (account.loggedInAt == null ? 0 : toMs(account.loggedInAt)),
        meta: { isMinor: true },
        cell: ({ row }) => <span title={row.original.loggedInAt == null ? undefined : formatMoment(row.original.loggedInAt)}>{seen(row.original)}</span>,
      },
      {
        id: "acts",
        header: t("column.acts"),
        enableSorting: false,
        cell: ({ row }) => (
          <Button aria-label={t("openOne", { name: nameOf(row.original) })} onClick={() => onOpen(row.original)}>
            {t("open")}
          </Button>
        ),
      },
    ];
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the words change with the language; what is done stays
  }, [known, language]);
  return <Table label={t("title")} rows={accounts} columns={columns} rowId={(account) => account.id} initialSorting={[{ id: "name", desc: false }]} />;
}

function Name({ of, about }: { of: Account; about: string }) {
  const { t } = useTranslation("settings/accounts");
  const { visitor } = useAuth();
  const isOwn = visitor.session?.name === `user:${of.id}`;
  return (
    <>
      {nameOf(of)}
      {nameOf(of) !== of.name && <span className={styles.minor}>{of.name}</span>}
      {isOwn && <strong className={styles.minor}>{t("yours")}</strong>}
      <span className={styles.narrow}>{about}</span>
    </>
  );
}
