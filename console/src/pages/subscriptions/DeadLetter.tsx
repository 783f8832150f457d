import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { ErrorState, Loading, Notice } from "../../components/states";
import { formatMoment } from "../../format/times";
import { type Delivery, forget, getDeadLetter, replay } from "./asking";
import { Json } from "./Json";
import { failureOf } from "./logic/reasons";
import { Mend } from "./Mend";
import styles from "./Subscriptions.module.css";

/** One that was given up: why, what it holds, and to be sent again. */
export function DeadLetter({ id, delivery, place, onClose }: { id: string; delivery: Delivery; place: string; onClose: () => void }) {
  const { t } = useTranslation("subscriptions");
  const queries = useQueryClient();
  const found = useQuery({
    queryKey: ["subscriptions", "dead-letter", id, delivery.id],
    queryFn: ({ signal }) => getDeadLetter(id, delivery.id, signal),
  });
  const again = useMutation({ mutationFn: () => replay(id, [delivery.id]), onSuccess: () => forget(queries) });
  return (
    <Dialog
      title={t("log.openOf", { place })}
      width="wide"
      onClose={onClose}
      footer={
        <Button kind="main" isBusy={again.isPending} disabled={again.isSuccess} aria-label={t("log.againOf", { place })} onClick={() => again.mutate()}>
          {t("log.again")}
        </Button>
      }
    >
      <p>{formatMoment(delivery.createdAt)}</p>
      {delivery.error && (
        <Notice kind="warn">
          <Mend failure={failureOf(delivery.error)} />
          <p lang="en" className={styles.technical}>
            {delivery.error}
          </p>
        </Notice>
      )}
      {again.isSuccess && <Notice kind="good">{t("act.replayed", { count: again.data.replayed })}</Notice>}
      {again.isError && <ErrorState error={again.error} />}
      {found.isPending && <Loading />}
      {found.isError && <ErrorState error={found.error} onRetry={() => void found.refetch()} />}
      {found.isSuccess && (found.data.notification ? <Json label={t("log.body")} value={found.data.notification} /> : <p>{t("log.gone")}</p>)}
    </Dialog>
  );
}
