import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { TextField } from "../../components/Field";
import { ErrorState, Notice } from "../../components/states";
import { DAY, HOUR, toDateInput, formatClock } from "../../format/times";
import { catchUp, forget } from "./asking";
import styles from "./Subscriptions.module.css";

const KEPT = 2 * DAY;

type Run = { state: "idle" } | { state: "running"; queued: number } | { state: "done"; queued: number } | { state: "failed"; error: unknown };

/** Delivers again what changed since a time; long ones show how far they are, and can be stopped. */
export function CatchUp({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation("subscriptions");
  const queries = useQueryClient();
  const [opened] = useState(() => Date.now());
  const [since, setSince] = useState(() => writeLocal(opened - HOUR));
  const [error, setError] = useState<string>();
  const [run, setRun] = useState<Run>({ state: "idle" });
  const stop = useRef<AbortController>(null);
  const start = async () => {
    const time = Date.parse(`${since}:00+09:00`);
    if (Number.isNaN(time) || time > Date.now() || time < opened - KEPT - HOUR) {
      setError(t("catchUp.wrong"));
      return;
    }
    setError(undefined);
    const controller = new AbortController();
    stop.current = controller;
    setRun({ state: "running", queued: 0 });
    try {
      const queued = await catchUp(id, new Date(time).toISOString(), controller.signal, (count) => setRun({ state: "running", queued: count }));
      setRun({ state: "done", queued });
    } catch (reason) {
      setRun(controller.signal.aborted ? { state: "idle" } : { state: "failed", error: reason });
    }
    await forget(queries);
  };
  const close = () => {
    stop.current?.abort();
    onClose();
  };
  return (
    <Dialog title={t("catchUp.title")} onClose={close}>
      <div className={styles.form}>
        <p>{t("catchUp.text")}</p>
        <TextField label={t("catchUp.since")} type="datetime-local" value={since} max={writeLocal(opened)} {...(error !== undefined && { error })} onChange={(event) => setSince(event.target.value)} />
        {run.state === "running" ? (
          <>
            <p role="status">{t("catchUp.running", { count: run.queued })}</p>
            <Button icon="close" onClick={() => stop.current?.abort()}>
              {t("catchUp.stop")}
            </Button>
          </>
        ) : (
          <Button kind="main" onClick={() => void start()}>
            {t("catchUp.start")}
          </Button>
        )}
        {run.state === "done" && <Notice kind="good">{run.queued > 0 ? t("catchUp.done", { count: run.queued }) : t("catchUp.none")}</Notice>}
        {run.state === "failed" && <ErrorState error={run.error} />}
      </div>
    </Dialog>
  );
}

/** The time in Japan, as `<input type="datetime-local">` has it. */
const writeLocal = (time: number): string => `${toDateInput(time)}T${formatClock(time)}`;
