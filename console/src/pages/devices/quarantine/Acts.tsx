import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { formatCount } from "../../../format/numbers";
import { DiscardQuestion } from "./DiscardQuestion";
import type { Selection } from "./logic/selection";
import { Outcome } from "./Outcome";
import styles from "./Quarantine.module.css";
import { useRun } from "./useRun";

/** What can be done with all that the filters hold. What became of it stays to be read, though the messages are gone. */
export function Acts({ selection, total }: { selection: Selection; total: number }) {
  const { t } = useTranslation("devices/quarantine");
  const [isAsking, setAsking] = useState(false);
  const { run, start, stop } = useRun();
  const isRunning = run?.state === "running";
  return (
    <div className={styles.part}>
      {total > 0 && (
        <div className={styles.actions}>
          <Button kind="main" isBusy={isRunning && run.act === "replay"} disabled={isRunning} onClick={() => void start("replay", { selection }, total)}>
            {t("act.replayAll", { count: formatCount(total) })}
          </Button>
          <Button kind="danger" disabled={isRunning} onClick={() => setAsking(true)}>
            {t("act.discardAll", { count: formatCount(total) })}
          </Button>
        </div>
      )}
      {run !== undefined && <Outcome run={run} onStop={stop} />}
      {isAsking && (
        <DiscardQuestion
          count={total}
          onClose={() => setAsking(false)}
          onYes={() => {
            setAsking(false);
            void start("discard", { selection }, total);
          }}
        />
      )}
    </div>
  );
}
