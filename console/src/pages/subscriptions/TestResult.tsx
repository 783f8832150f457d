import { useTranslation } from "react-i18next";
import { Notice } from "../../components/states";
import { formatCount } from "../../format/numbers";
import type { Tested } from "./asking";
import { Json } from "./Json";
import { failureOf } from "./logic/reasons";
import { Mend } from "./Mend";
import styles from "./Subscriptions.module.css";

export function TestResult({ tested }: { tested: Tested }) {
  const { t } = useTranslation("subscriptions");
  const failure = failureOf(tested.error ?? "");
  return (
    <section className={styles.section} aria-labelledby="tested" role="status">
      <h2 id="tested">{t("tested.title")}</h2>
      <Notice kind={tested.delivered ? "good" : "bad"}>
        {tested.delivered ? t("tested.delivered", { ms: formatCount(tested.requestMs), status: tested.status ?? "" }) : t("tested.failed")}
        {!tested.delivered && (
          <>
            <p>
              <strong>{t(`mend.${failure}.short`)}</strong>
            </p>
            <Mend failure={failure} />
            <p lang="en" className={styles.technical}>
              {tested.error}
            </p>
          </>
        )}
      </Notice>
      <p className={styles.soft}>
        {tested.isSample && t("tested.sample")} {t("tested.uncounted")}
      </p>
      <Json label={t("tested.body")} value={tested.notification} />
    </section>
  );
}
