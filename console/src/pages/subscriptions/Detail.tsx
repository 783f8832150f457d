import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { navigate, useSearch } from "../../app/router";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { ErrorState, Loading, Notice } from "../../components/states";
import { ApiError } from "../../api/errors";
import { formatCount } from "../../format/numbers";
import { type Document, forget, type Overview, pause, remove, replay, resume, standingOf, test, type Tested, useDocument, useOverview } from "./asking";
import { CatchUp } from "./CatchUp";
import { conditionsOf, nameOf, receiverOf, subjectOf } from "./describing";
import { Figures } from "./Figures";
import { Json } from "./Json";
import { Log } from "./Log";
import { type Act, diagnose } from "./logic/reasons";
import { StateBadge } from "./StateBadge";
import styles from "./Subscriptions.module.css";
import { Why } from "./Why";

const FORMULA = ["matched", "delivered", "coalesced", "waiting", "deadLettered", "cancelled"] as const;

/** One subscription: how it stands and why, what it asks, what became of its notifications. */
export function Detail({ id }: { id: string }) {
  const overview = useOverview(id);
  const document = useDocument(id);
  const [search] = useSearch();
  if (overview.isPending || document.isPending) return <Loading />;
  const error = overview.error ?? document.error;
  if (overview.data === undefined || document.data === undefined) {
    return (
      <ErrorState
        error={error}
        onRetry={() => {
          void overview.refetch();
          void document.refetch();
        }}
      />
    );
  }
  return <Known id={id} overview={overview.data} document={document.data} isNew={search.has("new")} />;
}

function Known({ id, overview, document, isNew }: { id: string; overview: Overview; document: Document; isNew: boolean }) {
  const { t } = useTranslation("subscriptions");
  const queries = useQueryClient();
  const [open, setOpen] = useState<"delete" | "catchUp">();
  const [said, setSaid] = useState<string>();
  const [tested, setTested] = useState<Tested>();
  const name = nameOf(document, id, t);
  const findings = diagnose(standingOf(overview));
  const acting = useMutation({
    mutationFn: async (act: Act | "pause") => {
      setSaid(undefined);
      setTested(undefined);
      if (act === "test") setTested(await test(id));
      if (act === "pause") {
        await pause(id, "paused in the console");
        setSaid(t("act.paused"));
      }
      if (act === "resume") {
        await resume(id);
        setSaid(t("act.resumed"));
      }
      if (act === "replay") setSaid(t("act.replayed", { count: (await replay(id)).replayed }));
    },
    onSettled: () => forget(queries),
  });
  const act = (what: Act | "pause") => {
    if (what === "edit" || what === "extend") navigate(`/subscriptions/${encodeURIComponent(id)}/edit`);
    else if (what === "catchUp") setOpen("catchUp");
    else acting.mutate(what);
  };
  const isActive = overview.status === "active";
  return (
    <>
      <header className={styles.head}>
        <div>
          <h1>{name}</h1>
          <StateBadge condition={findings[0]?.condition ?? "well"} />
        </div>
        <div className={styles.actions}>
          <Button kind={isNew ? "main" : "normal"} icon="target" isBusy={acting.isPending && acting.variables === "test"} onClick={() => act("test")}>
            {t("act.test")}
          </Button>
          {isActive ? <Button onClick={() => act("pause")}>{t("act.pause")}</Button> : <Button kind="main" onClick={() => act("resume")}>{t("act.resume")}</Button>}
          <Button onClick={() => act("edit")}>{t("act.edit")}</Button>
          <Button kind="danger" onClick={() => setOpen("delete")}>
            {t("act.delete")}
          </Button>
        </div>
      </header>
      {isNew && tested === undefined && <Notice kind="good">{t("form.created")}</Notice>}
      {said !== undefined && <Notice kind="good">{said}</Notice>}
      {acting.isError && <Notice kind="bad">{t("act.failed", { detail: detailOf(acting.error) })}</Notice>}
      {tested !== undefined && <TestResult tested={tested} />}
      <Why findings={findings} overview={overview} onAct={act} isBusy={acting.isPending} />
      <Asks document={document} />
      <Counts overview={overview} onCatchUp={() => setOpen("catchUp")} canCatchUp={isActive} />
      <Figures id={id} />
      <Log id={id} />
      {open === "delete" && <Delete id={id} name={name} onClose={() => setOpen(undefined)} />}
      {open === "catchUp" && <CatchUp id={id} onClose={() => setOpen(undefined)} />}
    </>
  );
}

const detailOf = (error: unknown): string => (error instanceof ApiError ? (error.problem.detail ?? error.message) : String(error));

function TestResult({ tested }: { tested: Tested }) {
  const { t } = useTranslation("subscriptions");
  return (
    <section className={styles.section} aria-labelledby="tested" role="status">
      <h2 id="tested">{t("tested.title")}</h2>
      <Notice kind={tested.delivered ? "good" : "bad"}>
        {tested.delivered ? t("tested.delivered", { ms: formatCount(tested.requestMs), status: tested.status ?? "" }) : t("tested.failed")}
        {!tested.delivered && <Why.Mend error={tested.error ?? ""} />}
      </Notice>
      <p className={styles.soft}>
        {tested.isSample && t("tested.sample")} {t("tested.uncounted")}
      </p>
      <Json label={t("tested.body")} value={tested.notification} />
    </section>
  );
}

function Asks({ document }: { document: Document }) {
  const { t } = useTranslation("subscriptions");
  const throttling = document.throttling;
  const area = areaOf(document, t);
  return (
    <section className={styles.section} aria-labelledby="asks">
      <h2 id="asks">{t("detail.asks")}</h2>
      <dl className={styles.facts}>
        <dt>{t("detail.subject")}</dt>
        <dd>{subjectOf(document, t)}</dd>
        <dt>{t("detail.conditions")}</dt>
        <dd>{conditionsOf(document, t) ?? t("detail.noConditions")}</dd>
        {area !== undefined && (
          <>
            <dt>{t("detail.area")}</dt>
            <dd>{area}</dd>
          </>
        )}
        <dt>{t("detail.receiver")}</dt>
        <dd>{receiverOf(document)}</dd>
        {typeof throttling === "number" && (
          <>
            <dt>{t("detail.throttling")}</dt>
            <dd>{t("detail.seconds", { count: throttling })}</dd>
          </>
        )}
      </dl>
      <Json label={t("detail.json")} value={document} />
    </section>
  );
}

function areaOf(document: Document, t: ReturnType<typeof useTranslation<"subscriptions">>["t"]): string | undefined {
  const geo = document.geoQ as { georel?: string; geometry?: string } | undefined;
  if (geo === undefined) return undefined;
  const radius = /^near;maxDistance==([\d.]+)$/.exec(geo.georel ?? "")?.[1];
  if (radius !== undefined && geo.geometry === "Point") return t("detail.circle", { radius: formatCount(Number(radius)) });
  return t(geo.georel === "within" ? "detail.polygon" : "detail.otherArea");
}

function Counts({ overview, onCatchUp, canCatchUp }: { overview: Overview; onCatchUp: () => void; canCatchUp: boolean }) {
  const { t } = useTranslation("subscriptions");
  return (
    <section className={styles.section} aria-labelledby="counts">
      <h2 id="counts">{t("detail.counts")}</h2>
      <dl className={`${styles.numbers ?? ""} numbers`}>
        {FORMULA.map((name) => (
          <div key={name}>
            <dt>{t(`count.${name}`)}</dt>
            <dd>{formatCount(overview.counts[name])}</dd>
          </div>
        ))}
      </dl>
      <p className={styles.soft}>{t("detail.formula")}</p>
      {canCatchUp && (
        <div>
          <Button onClick={onCatchUp}>{t("act.catchUp")}</Button>
        </div>
      )}
    </section>
  );
}

function Delete({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  const { t } = useTranslation("subscriptions");
  const queries = useQueryClient();
  const removing = useMutation({
    mutationFn: () => remove(id),
    onSuccess: () => {
      navigate("/subscriptions");
      void forget(queries);
    },
  });
  return (
    <Dialog
      title={t("remove.title")}
      onClose={onClose}
      footer={
        <div className={styles.actions}>
          <Button onClick={onClose}>{t("remove.no")}</Button>
          <Button kind="danger" isBusy={removing.isPending} onClick={() => removing.mutate()}>
            {t("remove.yes")}
          </Button>
        </div>
      }
    >
      <p>{t("remove.text", { name })}</p>
      {removing.isError && <Notice kind="bad">{t("act.failed", { detail: detailOf(removing.error) })}</Notice>}
    </Dialog>
  );
}
