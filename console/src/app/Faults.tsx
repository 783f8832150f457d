/** What no page caught: said at the foot of the window, with a way on, instead of being swallowed. */

import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "../components/Button";
import { Notice } from "../components/states";
import { isPageFault } from "./faultKinds";
import styles from "./Faults.module.css";

export function Faults() {
  const { t } = useTranslation();
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    const onError = (event: ErrorEvent) => setShown((was) => was || isPageFault(event.error ?? event.message));
    const onRejection = (event: PromiseRejectionEvent) => setShown((was) => was || isPageFault(event.reason));
    window.addEventListener("error", onError);
    window.addEventListener("unhandledrejection", onRejection);
    return () => {
      window.removeEventListener("error", onError);
      window.removeEventListener("unhandledrejection", onRejection);
    };
  }, []);
  if (!isShown) return null;
  return (
    <div className={styles.place}>
      <Notice kind="bad">
        <div className={styles.line}>
          <span>{t("fault.text")}</span>
          <Button onClick={() => location.reload()}>{t("fault.reload")}</Button>
          <IconButton icon="close" label={t("close")} onClick={() => setShown(false)} />
        </div>
      </Notice>
    </div>
  );
}
