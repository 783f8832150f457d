import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Notice } from "../../components/states";
import { formatClock } from "../../format/times";
import type { Overview } from "./asking";
import { type Act, type Finding, toneOf } from "./logic/reasons";
import { Mend } from "./Mend";
import styles from "./Subscriptions.module.css";

const KINDS = { good: "good", warning: "warn", bad: "bad", quiet: "info" } as const;

interface Props {
  findings: readonly Finding[];
  overview: Overview;
  onAct: (act: Act) => void;
  isBusy: boolean;
}

/** How it stands, why, and what to do: in plain words, with the buttons that do it. */
export function Why({ findings, overview, onAct, isBusy }: Props) {
  const { t } = useTranslation("subscriptions");
  return (
    <section className={styles.section} aria-labelledby="why">
      <h2 id="why">{t("why.title")}</h2>
      {findings.map((finding) => (
        <Notice key={finding.condition} kind={KINDS[toneOf(finding.condition)]}>
          <Explained finding={finding} overview={overview} />
          <div className={styles.actions}>
            {finding.acts.filter((act) => act !== "catchUp" || overview.status === "active").map((act) => (
              <Button key={act} disabled={isBusy} onClick={() => onAct(act)}>
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

function Explained({ finding: { condition, failure }, overview }: { finding: Finding; overview: Overview }) {
  const { t } = useTranslation("subscriptions");
  const { counts, endpoint, reason } = overview;
  const isWaiting = (condition === "resting" || condition === "failing") && counts.waiting > 0;
  return (
    <>
      <p>
        <strong>{failure === undefined ? t(`state.${condition}`) : `${t(`state.${condition}`)} — ${t(`mend.${failure}.short`)}`}</strong>
      </p>
      {failure !== undefined && <Mend failure={failure} />}
      <p>{t(`why.${condition}`, { count: counts.deadLettered })}</p>
      {isWaiting && <p>{t("why.waits", { count: counts.waiting })}</p>}
      {condition === "pausedByOwner" && reason && reason !== "paused in the console" && <p>{t("why.reason", { reason })}</p>}
      {condition === "resting" && endpoint.restsUntil && <p>{t("why.until", { time: formatClock(endpoint.restsUntil) })}</p>}
    </>
  );
}
