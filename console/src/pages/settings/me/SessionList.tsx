import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { Confirm } from "../../../components/Confirm";
import { ErrorState, Loading } from "../../../components/states";
import { type ColumnDef, Table } from "../../../components/Table";
import { formatAge, formatMoment, toMs } from "../../../format/times";
import { Badge } from "../people/Badge";
import people from "../people/people.module.css";
import styles from "../Settings.module.css";
import { endSessions, forgetSessions, type ListedSession, useSessions } from "./asking";
import { browserName } from "./logic/browser";
import me from "./Me.module.css";

/** Where one is logged in. */
export function SessionList() {
  const { t } = useTranslation("settings/me");
  const sessions = useSessions();
  const [ending, setEnding] = useState<readonly ListedSession[]>();
  const others = (sessions.data ?? []).filter((one) => !one.current);
  const columns = useColumns((one) => setEnding([one]));
  return (
    <section className={styles.section} aria-labelledby="sessions">
      <h2 id="sessions">{t("sessions.title")}</h2>
      <p className={people.soft}>{t("sessions.lead")}</p>
      {sessions.isPending && <Loading />}
      {sessions.isError && sessions.data === undefined && <ErrorState error={sessions.error} onRetry={() => void sessions.refetch()} />}
      {sessions.data !== undefined && <Table label={t("sessions.list")} rows={sessions.data} columns={columns} rowId={(one) => one.id} />}
      {others.length > 1 && (
        <div className={styles.actions}>
          <Button kind="danger" onClick={() => setEnding(others)}>
            {t("sessions.endAll", { count: others.length })}
          </Button>
        </div>
      )}
      {ending !== undefined && <End of={ending} onClose={() => setEnding(undefined)} />}
    </section>
  );
}

function End({ of, onClose }: { of: readonly ListedSession[]; onClose: () => void }) {
  const { t } = useTranslation("settings/me");
  const queries = useQueryClient();
  const ending = useMutation({
    mutationFn: () => endSessions(of.map((one) => one.id)),
    onSettled: () => void forgetSessions(queries),
    onSuccess: onClose,
  });
  return (
    <Confirm title={t("sessions.ask", { count: of.length })} yes={t("sessions.yes")} isBusy={ending.isPending} error={ending.error} onYes={() => ending.mutate()} onClose={onClose}>
      <p>{t("sessions.follows")}</p>
    </Confirm>
  );
}

function useColumns(onEnd: (one: ListedSession) => void): ColumnDef<ListedSession>[] {
  const { t, i18n } = useTranslation("settings/me");
  const language = i18n.resolvedLanguage;
  return useMemo(
    () => [
      { id: "browser", header: t("sessions.browser"), accessorFn: (one) => browserName(one.browser ?? "") ?? "", cell: ({ row }) => <Where of={row.original} /> },
      { id: "began", header: t("sessions.began"), accessorFn: (one) => toMs(one.createdAt), meta: { isMinor: true }, cell: ({ row }) => formatMoment(row.original.createdAt) },
      { id: "seen", header: t("sessions.seen"), accessorFn: (one) => toMs(one.seenAt), cell: ({ row }) => <span title={formatMoment(row.original.seenAt)}>{formatAge(row.original.seenAt)}</span> },
      {
        id: "acts",
        header: t("sessions.acts"),
        enableSorting: false,
        cell: ({ row }) =>
          !row.original.current && (
            <Button aria-label={t("sessions.endOne", { name: browserName(row.original.browser ?? "") ?? t("sessions.unknown"), address: row.original.address ?? "" })} onClick={() => onEnd(row.original)}>
              {t("sessions.end")}
            </Button>
          ),
      },
    ],
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the words change with the language; what is done stays
    [language],
  );
}

function Where({ of }: { of: ListedSession }) {
  const { t } = useTranslation("settings/me");
  return (
    <>
      <span className={me.agent}>{browserName(of.browser ?? "") ?? t("sessions.unknown")}</span>
      {of.current && <Badge tone="good">{t("sessions.current")}</Badge>}
      {of.address !== undefined && of.address !== "" && <span className={people.minor}>{of.address}</span>}
    </>
  );
}
