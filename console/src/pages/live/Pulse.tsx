import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { formatAge } from "../../format/times";
import styles from "./Pulse.module.css";
import type { Town, TownState } from "./town";
import { useNow } from "./useTown";

/** Whether it is live, and a way to stop what moves. */
export function Pulse({ state, town }: { state: TownState; town: Town }) {
  const { t } = useTranslation("live");
  const now = useNow(1_000);
  const isPaused = state.stream === "paused";
  const age = state.updatedAt > 0 ? formatAge(state.updatedAt, now) : "";
  return (
    <div className={styles.pulse}>
      <span className={styles.state} data-state={state.stream} title={age}>
        <span className={styles.dot} aria-hidden="true" />
        {t(`stream.${state.stream}`)}
      </span>
      {state.stream === "refused" || state.stream === "waiting" ? (
        <Button kind="quiet" onClick={() => town.start()}>
          {t("stream.again")}
        </Button>
      ) : (
        <Button kind="quiet" onClick={() => town.setPaused(!isPaused)}>
          {t(isPaused ? "stream.resume" : "stream.pause")}
        </Button>
      )}
    </div>
  );
}
