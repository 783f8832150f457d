import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { navigate } from "../../app/router";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Notice } from "../../components/states";
import { detailOf, forget, remove } from "./asking";
import styles from "./Subscriptions.module.css";

/** Asks first, and says what follows. */
export function Delete({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  const { t } = useTranslation("subscriptions");
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
      {removing.isError && <Notice kind="bad">{t("act.failed", { detail: detailOf(removing.error) })}</Notice>}
    </Dialog>
  );
}
