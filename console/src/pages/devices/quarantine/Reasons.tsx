import { useTranslation } from "react-i18next";
import { cx } from "../../../components/cx";
import { Notice } from "../../../components/states";
import { formatCount } from "../../../format/numbers";
import { formatAge, formatMoment } from "../../../format/times";
import { ReasonHelp, ReasonName } from "./ReasonName";
import styles from "./Quarantine.module.css";
import type { components } from "../../../api/schema";

type Counted = components["schemas"]["QuarantineReasons"];

interface Props {
  counts: Counted["reasons"];
  dropped: Counted["dropped"];
  chosen: string | undefined;
  onChoose: (reason: string | undefined) => void;
}

/** How many there are by reason, what each means, and what to do about it. A press shows only those. */
export function Reasons({ counts, dropped, chosen, onChoose }: Props) {
  const { t } = useTranslation("devices/quarantine");
  const lost = dropped.filter((one) => one.cause !== "discarded");
  if (counts.length === 0 && lost.length === 0) return null;
  return (
    <section aria-labelledby="reasons" className={styles.part}>
      <h2 id="reasons">{t("reasons.title")}</h2>
      <ul className={styles.reasons}>
        {counts.map((one) => (
          <li key={one.reason} className={cx(styles.reason, one.reason === chosen && styles.chosen)}>
            <button type="button" className={styles.choose} aria-pressed={one.reason === chosen} onClick={() => onChoose(one.reason === chosen ? undefined : one.reason)}>
              <span>
                <ReasonName reason={one.reason} />
              </span>
              <span className={styles.count}>{t("reasons.count", { messages: formatCount(one.messages), devices: formatCount(one.devices) })}</span>
            </button>
            <p className={styles.soft}>
              <ReasonHelp reason={one.reason} />
            </p>
            <p className={styles.soft} title={formatMoment(one.lastAt)}>
              {t("reasons.last", { age: formatAge(one.lastAt) })}
            </p>
          </li>
        ))}
      </ul>
      {lost.length > 0 && <Notice kind="warn">{t("reasons.dropped", { count: formatCount(lost.reduce((sum, one) => sum + one.messages, 0)) })}</Notice>}
    </section>
  );
}
