/** What the API said, word by word and folded, for those who look after it; above stand the console's own words. */

import { useTranslation } from "react-i18next";
import { ownWordsOf } from "../api/said";
import styles from "./states.module.css";

export function OwnWords({ error }: { error: unknown }) {
  const { t } = useTranslation("problems");
  const said = ownWordsOf(error);
  if (said === undefined) return null;
  return (
    <details className={styles.own}>
      <summary>{t("own")}</summary>
      <p lang="en">{said}</p>
    </details>
  );
}
