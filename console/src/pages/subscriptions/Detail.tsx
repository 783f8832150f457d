import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearch } from "../../app/router";
import { problemText } from "../../api/said";
import { Button } from "../../components/Button";
import { OwnWords } from "../../components/OwnWords";
import { ErrorState, Loading, Notice } from "../../components/states";
import { Asks } from "./Asks";
import { type Document, type Overview, standingOf, useDocument, useOverview } from "./asking";
import { CatchUp } from "./CatchUp";
import { Counts } from "./Counts";
import { Delete } from "./Delete";
import { nameOf } from "./describing";
import { Failures } from "./Failures";
import { Figures } from "./Figures";
import { Log } from "./Log";
import { diagnose } from "./logic/reasons";
import { Replaying } from "./Replaying";
import { StateBadge } from "./StateBadge";
import styles from "./Subscriptions.module.css";
import { TestResult } from "./TestResult";
import { type Acting, useActs } from "./useActs";
import { Why } from "./Why";

/** One subscription: how it stands and why, what it asks, what became of its notifications. */
export function Detail({ id }: { id: string }) {
  const overview = useOverview(id);
  const document = useDocument(id);
  const [search] = useSearch();
  if (overview.isPending || document.isPending) return <Loading />;
  const retry = () => {
    void overview.refetch();
    void document.refetch();
  };
  if (overview.data === undefined || document.data === undefined) return <ErrorState error={overview.error ?? document.error} onRetry={retry} />;
  return <Known id={id} overview={overview.data} document={document.data} isNew={search.has("new")} />;
}

interface Props {
  id: string;
  overview: Overview;
  document: Document;
  isNew: boolean;
}

function Known({ id, overview, document, isNew }: Props) {
  const { t } = useTranslation("subscriptions");
  const shell = useTranslation();
  const [open, setOpen] = useState<"delete" | "catchUp">();
  const acting = useActs(id, () => setOpen("catchUp"));
  const name = nameOf(document, id, t);
  const findings = diagnose(standingOf(overview));
  const hasFailures = overview.counts.deadLettered > 0 || overview.endpoint.state !== "ok";
  return (
    <>
      <header className={styles.head}>
        <div>
          <h1>{name}</h1>
          <StateBadge condition={findings[0]?.condition ?? "well"} />
        </div>
        <Buttons acting={acting} isActive={overview.status === "active"} isNew={isNew} onDelete={() => setOpen("delete")} />
      </header>
      {isNew && acting.tested === undefined && <Notice kind="good">{t("form.created")}</Notice>}
      {acting.said !== undefined && <Notice kind="good">{acting.said}</Notice>}
      {acting.replayed !== undefined && <Replaying total={acting.replayed} waiting={overview.counts.waiting} />}
      {acting.error !== null && <Notice kind="bad">{t("act.failed", { detail: problemText(acting.error, (kind) => shell.t(`error.${kind}.title`)) })} <OwnWords error={acting.error} /></Notice>}
      {acting.tested !== undefined && <TestResult tested={acting.tested} />}
      <Why findings={findings} overview={overview} onAct={acting.act} isBusy={acting.busy !== undefined} />
      {hasFailures && <Failures id={id} />}
      <Asks document={document} />
      <Counts overview={overview} onCatchUp={() => setOpen("catchUp")} canCatchUp={overview.status === "active"} />
      <Figures id={id} />
      <Log id={id} onReplay={acting.replaySome} />
      {open === "delete" && <Delete id={id} name={name} onClose={() => setOpen(undefined)} />}
      {open === "catchUp" && <CatchUp id={id} onClose={() => setOpen(undefined)} />}
    </>
  );
}

function Buttons({ acting, isActive, isNew, onDelete }: { acting: Acting; isActive: boolean; isNew: boolean; onDelete: () => void }) {
  const { t } = useTranslation("subscriptions");
  return (
    <div className={styles.actions}>
      <Button kind={isNew ? "main" : "normal"} icon="target" isBusy={acting.busy === "test"} onClick={() => acting.act("test")}>
        {t("act.test")}
      </Button>
      {isActive ? (
        <Button onClick={() => acting.act("pause")}>{t("act.pause")}</Button>
      ) : (
        <Button kind="main" onClick={() => acting.act("resume")}>
          {t("act.resume")}
        </Button>
      )}
      <Button onClick={() => acting.act("edit")}>{t("act.edit")}</Button>
      <Button kind="danger" onClick={onDelete}>
        {t("act.delete")}
      </Button>
    </div>
  );
}
