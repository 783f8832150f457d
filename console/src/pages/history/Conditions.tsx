import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ConditionProps } from "./Group";
import styles from "./History.module.css";
import { How } from "./How";
import { What } from "./What";
import { When } from "./When";

export function Conditions(props: ConditionProps) {
  const { t } = useTranslation("history");
  const [isWide] = useState(() => window.matchMedia("(width >= 1080px)").matches);
  return (
    <section aria-label={t("conditions")}>
      <details className={styles.conditions} open={isWide}>
        <summary>{t("conditions")}</summary>
        <div className={styles.groups}>
          <What {...props} />
          <When {...props} />
          <How {...props} />
        </div>
      </details>
    </section>
  );
}
