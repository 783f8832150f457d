import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Notice } from "../../components/states";
import { formatClock } from "../../format/times";
import type { Overview } from "./asking";
import { type Act, failureOf, type Finding, toneOf } from "./logic/reasons";
import styles from "./Subscriptions.module.css";

const KINDS = { good: "good", warning: "warn", bad: "bad", quiet: "info" } as const;

interface Props {
  findings: readonly Finding[];
  overview: Overview;
  onAct: (act: Act) => void;
  isBusy: boolean;
}

/** How it stands, why, and what to do: in plain words, with the buttons that do it. */
function Findings({ findings, overview, onAct, isBusy }: Props) {
  const { t } = useTranslation("subscriptions");
  return (
    <section className={styles.section} aria-labelledby="why">
      <h2 id="why">{t("why.title")}</h2>
      {findings.map((finding) => (
        <Notice key={finding.condition} kind={KINDS[toneOf(finding.condition)]}>
          <p>
            <strong>{t(`state.${finding.condition}`)}</strong>
          </p>
          <p>{t(`why.${finding.condition}`, { count: overview.counts.deadLettered })}</p>
          {finding.condition === "pausedByOwner" && overview.reason && overview.reason !== "paused in the console" && <p>{t("why.reason", { reason: overview.reason })}</p>}
          {finding.condition === "resting" && overview.endpoint.restsUntil && <p>{t("why.until", { time: formatClock(overview.endpoint.restsUntil) })}</p>}
          {finding.failure !== undefined && (
            <p>
              <strong>{t("mend.title")}:</strong> {t(`mend.${finding.failure}`)}
            </p>
          )}
          <div className={styles.actions}>
            {finding.acts.map((act) => (
              <Button key={act} disabled={isBusy || (act === "catchUp" && overview.status !== "active")} onClick={() => onAct(act)}>
                {t(`act.${act === "extend" ? "edit" : act}`)}
              </Button>
            ))}
          </div>
        </Notice>
      ))}
      {overview.lastError && toneOf(findings[0]?.condition ?? "well") !== "good" && (
        <details className={styles.more}>
          <summary>{t("why.technical")}</summary>
          <p lang="en" className={styles.technical}>
            {overview.lastError}
          </p>
          {overview.endpoint.failuresInARow > 0 && <p>{t("why.failures", { count: overview.endpoint.failuresInARow })}</p>}
        </details>
      )}
    </section>
  );
}

function Mend({ error }: { error: string }) {
  const { t } = useTranslation("subscriptions");
  return (
    <>
      <p>{t(`mend.${failureOf(error)}`)}</p>
      <p lang="en" className={styles.technical}>
        {error}
      </p>
    </>
  );
}

export const Why = Object.assign(Findings, { Mend });
