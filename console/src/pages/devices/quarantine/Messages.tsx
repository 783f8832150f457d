import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearch } from "../../../app/router";
import { Button } from "../../../components/Button";
import { ErrorState, Loading } from "../../../components/states";
import { type ColumnDef, Table } from "../../../components/Table";
import { formatCount } from "../../../format/numbers";
import { formatAge, formatTime } from "../../../format/times";
import { type Message, useMessages } from "./asking";
import { DiscardQuestion } from "./DiscardQuestion";
import type { Selection } from "./logic/selection";
import { OneMessage } from "./OneMessage";
import { Outcome } from "./Outcome";
import styles from "./Quarantine.module.css";
import { ReasonName } from "./ReasonName";
import { useRun } from "./useRun";

/** The messages that wait, to look into, and to choose from. */
export function Messages({ selection, total }: { selection: Selection; total: number }) {
  const { t } = useTranslation("devices/quarantine");
  const [search, change] = useSearch();
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const found = useMessages(selection);
  const messages = found.data?.pages.flatMap((page) => page.messages) ?? [];
  const open = search.get("message");
  const there = messages.filter((one) => chosen.has(one.id)).map((one) => one.id);
  const toggle = (id: number) => setChosen((before) => (before.has(id) ? new Set([...before].filter((one) => one !== id)) : new Set([...before, id])));
  return (
    <section aria-labelledby="messages" className={styles.part}>
      <h2 id="messages">{t("list.title")}</h2>
      <p role="status" className={styles.soft}>
        {t("list.count", { shown: formatCount(messages.length), total: formatCount(total) })}
      </p>
      {found.isPending && <Loading />}
      {found.isError && found.data === undefined && <ErrorState error={found.error} onRetry={() => void found.refetch()} />}
      <Chosen ids={there} />
      {messages.length > 0 && <List messages={messages} chosen={chosen} onToggle={toggle} open={open} onOpen={(id) => change({ message: String(id) }, { push: true })} />}
      {found.hasNextPage && (
        <div>
          <Button isBusy={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            {t("list.more")}
          </Button>
        </div>
      )}
      {open !== null && <OneMessage key={open} id={open} onClose={() => change({ message: undefined })} />}
    </section>
  );
}

function Chosen({ ids }: { ids: readonly number[] }) {
  const { t } = useTranslation("devices/quarantine");
  const [isAsking, setAsking] = useState(false);
  const { run, start, stop } = useRun();
  const isRunning = run?.state === "running";
  return (
    <>
      {ids.length > 0 && (
        <div className={styles.actions}>
          <span role="status">{t("list.chosen", { count: formatCount(ids.length) })}</span>
          <Button isBusy={isRunning} onClick={() => void start("replay", { ids }, ids.length)}>
            {t("act.replayChosen")}
          </Button>
          <Button kind="danger" disabled={isRunning} onClick={() => setAsking(true)}>
            {t("act.discardChosen")}
          </Button>
        </div>
      )}
      {run !== undefined && <Outcome run={run} onStop={stop} />}
      {isAsking && (
        <DiscardQuestion
          count={ids.length}
          onClose={() => setAsking(false)}
          onYes={() => {
            setAsking(false);
            void start("discard", { ids }, ids.length);
          }}
        />
      )}
    </>
  );
}

interface ListProps {
  messages: readonly Message[];
  chosen: ReadonlySet<number>;
  onToggle: (id: number) => void;
  open: string | null;
  onOpen: (id: number) => void;
}

function List({ messages, chosen, onToggle, open, onOpen }: ListProps) {
  const { t } = useTranslation("devices/quarantine");
  const columns = useMemo<ColumnDef<Message>[]>(
    () => [
      {
        id: "choose",
        header: () => <span className="visually-hidden">{t("column.choose")}</span>,
        enableSorting: false,
        cell: ({ row: { original: one } }) => (
          <input type="checkbox" className={styles.box} aria-label={t("column.chooseOne", { id: one.id })} checked={chosen.has(one.id)} onChange={() => onToggle(one.id)} />
        ),
      },
      {
        id: "message",
        header: t("column.message"),
        enableSorting: false,
        cell: ({ row: { original: one } }) => (
          <>
            <button type="button" className={styles.link} onClick={() => onOpen(one.id)}>
              <ReasonName reason={one.reason} />
            </button>
            <div className={styles.payload}>{one.payload === undefined || one.payload === "" ? t("column.empty") : one.payload.slice(0, 120)}</div>
          </>
        ),
      },
      { id: "device", header: t("column.device"), enableSorting: false, cell: ({ row: { original: one } }) => one.deviceId ?? "", meta: { isMinor: true } },
      {
        id: "at",
        header: t("column.at"),
        enableSorting: false,
        cell: ({ row: { original: one } }) => (
          <time className="numbers" title={formatTime(one.arrivedAt)}>
            {formatAge(one.arrivedAt)}
          </time>
        ),
      },
    ],
    [t, chosen, onToggle, onOpen],
  );
  return <Table label={t("list.label")} rows={messages} columns={columns} rowId={(one) => String(one.id)} {...(open !== null && { chosen: open })} />;
}
