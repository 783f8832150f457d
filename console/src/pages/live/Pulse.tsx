import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { formatAge, SECOND } from "../../format/times";
import styles from "./Pulse.module.css";
import type { Town, TownState } from "./town";
import { useNow } from "./useTown";

/** For so long it is said that the stream is back. */
const CAUGHT_UP_MS = 15 * SECOND;

/** Whether it is live, since when it is not, and a way to stop what moves. */
export function Pulse({ state, town }: { state: TownState; town: Town }) {
  const { t } = useTranslation("live");
  const now = useNow(SECOND);
  const isOnline = useIsOnline();
  const isPaused = state.stream === "paused";
  const stream = isOnline || isPaused ? state.stream : "offline";
  const isCut = stream === "waiting" || stream === "offline" || stream === "refused";
  const age = state.updatedAt > 0 ? formatAge(state.updatedAt, now) : "";
  const isBack = stream === "live" && state.caughtUpAt > 0 && now - state.caughtUpAt < CAUGHT_UP_MS;
  return (
    <div className={styles.pulse}>
      <span className={styles.state} data-state={stream} title={age}>
        <span className={styles.dot} aria-hidden="true" />
        <span role="status">
          {t(`stream.${stream}`)}
          {isBack && ` ${t("stream.back")}`}
        </span>
        {isCut && age !== "" && <span className={styles.since}>{t("stream.asOf", { age })}</span>}
      </span>
      {stream === "refused" || stream === "waiting" ? (
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

function useIsOnline(): boolean {
  const [isOnline, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const update = () => setOnline(navigator.onLine);
    window.addEventListener("online", update);
    window.addEventListener("offline", update);
    return () => {
      window.removeEventListener("online", update);
      window.removeEventListener("offline", update);
    };
  }, []);
  return isOnline;
}
