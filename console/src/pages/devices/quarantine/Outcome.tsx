import { useTranslation } from "react-i18next";
import { problemText } from "../../../api/said";
import { Button } from "../../../components/Button";
import { Notice } from "../../../components/states";
import { formatCount } from "../../../format/numbers";
import { RESULTS } from "./logic/report";
import { ReasonHelp, ReasonName } from "./ReasonName";
import styles from "./Quarantine.module.css";
import type { Run } from "./useRun";

/** How far a replay or discard is, and what became of the messages: so many stored, so many refused again and why. */
export function Outcome({ run, onStop }: { run: Run; onStop: () => void }) {
  const { t } = useTranslation("devices/quarantine");
  const { counts, refused } = run.report;
  if (run.state === "running") {
    return (
      <div className={styles.part} role="status">
        <progress className={styles.progress} value={run.done} max={Math.max(run.of, 1)} aria-label={t("run.label")} />
        <div className={styles.actions}>
          <span className="numbers">{t("run.progress", { done: formatCount(run.done), of: formatCount(run.of) })}</span>
          <Button onClick={onStop}>{t("run.stop")}</Button>
        </div>
      </div>
    );
  }
  const isWhole = counts.quarantined + counts.cut === 0 && run.state === "done";
  return (
    <Notice kind={run.state === "failed" ? "bad" : isWhole ? "good" : "warn"}>
      {run.state === "failed" && <p>{t("run.failed", { why: problemText(run.error, (kind) => t(`failure.${kind}`)) })}</p>}
      {run.state === "stopped" && <p>{t("run.stopped")}</p>}
      {run.act === "discard" ? (
        <p>{t("run.discarded", { count: formatCount(run.done) })}</p>
      ) : (
        <ul className={styles.plain}>
          {RESULTS.filter((name) => counts[name] > 0).map((name) => (
            <li key={name}>{t(`result.${name}`, { count: formatCount(counts[name]) })}</li>
          ))}
        </ul>
      )}
      {refused.map((one) => (
        <p key={one.reason}>
          <ReasonName reason={one.reason} /> {t("run.times", { count: formatCount(one.count) })} <ReasonHelp reason={one.reason} /> <span lang="en">{one.detail}</span>
        </p>
      ))}
    </Notice>
  );
}
