import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { navigate } from "../../app/router";
import { problemText } from "../../api/said";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { OwnWords } from "../../components/OwnWords";
import { Notice } from "../../components/states";
import { forget, remove } from "./asking";
import styles from "./Subscriptions.module.css";

/** Asks first, and says what follows. */
export function Delete({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  const { t } = useTranslation("subscriptions");
  const shell = useTranslation();
  const queries = useQueryClient();
  const removing = useMutation({
    mutationFn: () => remove(id),
    onSuccess: () => {
      navigate("/subscriptions");
      void forget(queries);
    },
  });
  return (
    <Dialog
      title={t("remove.title")}
      onClose={onClose}
      footer={
        <div className={styles.actions}>
          <Button onClick={onClose}>{t("remove.no")}</Button>
          <Button kind="danger" isBusy={removing.isPending} onClick={() => removing.mutate()}>
            {t("remove.yes")}
          </Button>
        </div>
      }
    >
      <p>{t("remove.text", { name })}</p>
      {removing.isError && <Notice kind="bad">{t("act.failed", { detail: problemText(removing.error, (kind) => shell.t(`error.${kind}.title`)) })} <OwnWords error={removing.error} /></Notice>}
    </Dialog>
  );
}
