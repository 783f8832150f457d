import { useTranslation } from "react-i18next";
import { type Failure, responsibleFor } from "./logic/reasons";
import styles from "./Subscriptions.module.css";

/** What happened, whose it is to mend, and how. */
export function Mend({ failure }: { failure: Failure }) {
  const { t } = useTranslation("subscriptions");
  return (
    <dl className={styles.mend}>
      <dt>{t("mend.what")}</dt>
      <dd>{t(`mend.${failure}.what`)}</dd>
      <dt>{t("mend.who")}</dt>
      <dd>{t(`who.${responsibleFor(failure)}`)}</dd>
      <dt>{t("mend.how")}</dt>
      <dd>{t(`mend.${failure}.how`)}</dd>
    </dl>
  );
}
