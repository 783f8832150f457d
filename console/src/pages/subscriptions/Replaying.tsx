import { useTranslation } from "react-i18next";
import { Notice } from "../../components/states";
import styles from "./Subscriptions.module.css";

/** How many of those that are sent again have been sent; the rest of them waits. */
export function Replaying({ total, waiting }: { total: number; waiting: number }) {
  const { t } = useTranslation("subscriptions");
  const done = Math.max(0, total - waiting);
  return (
    <Notice kind="good">
      <p>{t("act.replayed", { count: total })}</p>
      {waiting > 0 ? (
        <>
          <p>{t("act.replayedOf", { total, done })}</p>
          <progress className={styles.progress} max={total} value={done} aria-label={t("act.replaying")} />
        </>
      ) : (
        total > 0 && <p>{t("act.replayDone", { total })}</p>
      )}
    </Notice>
  );
}
