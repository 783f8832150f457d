import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { formatCount } from "../../format/numbers";
import type { Overview } from "./asking";
import styles from "./Subscriptions.module.css";

const FORMULA = ["matched", "delivered", "coalesced", "waiting", "deadLettered", "cancelled"] as const;

/** What became of all that matched. */
export function Counts({ overview, onCatchUp, canCatchUp }: { overview: Overview; onCatchUp: () => void; canCatchUp: boolean }) {
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
