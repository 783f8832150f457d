import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useDirectory } from "../../api/directory";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { SelectField } from "../../components/Field";
import { ErrorState, Loading, Notice } from "../../components/states";
import { plainId } from "../../format/names";
import { formatCount } from "../../format/numbers";
import { formatAge, formatMoment } from "../../format/times";
import { type Delivery, forget, getDeadLetter, getDeliveries, replay, type State, STATES } from "./asking";
import { writeLatency } from "./Figures";
import { Json } from "./Json";
import { Why } from "./Why";
import styles from "./Subscriptions.module.css";

/** Every notification, the newest first; those given up can be looked into and sent again. */
export function Log({ id }: { id: string }) {
  const { t } = useTranslation("subscriptions");
  const [state, setState] = useState<State>();
  const found = useInfiniteQuery({
    queryKey: ["subscriptions", "log", id, state],
    queryFn: ({ pageParam, signal }) => getDeliveries(id, state, pageParam, signal),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => page.next,
  });
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className={styles.section} aria-labelledby="log">
      <h2 id="log">{t("log.title")}</h2>
      <p className={styles.soft}>{t("log.text")}</p>
      <div className={styles.narrow}>
        <SelectField label={t("log.state")} value={state ?? ""} onChange={(event) => setState(event.target.value === "" ? undefined : (event.target.value as State))}>
          <option value="">{t("log.any")}</option>
          {STATES.map((one) => (
            <option key={one} value={one}>
              {t(`delivery.${one}`)}
            </option>
          ))}
        </SelectField>
      </div>
      {found.isPending && <Loading />}
      {found.isError && <ErrorState error={found.error} onRetry={() => void found.refetch()} />}
      {found.isSuccess && items.length === 0 && <p>{t(state === undefined ? "log.none" : "log.noneOfState")}</p>}
      {items.length > 0 && <Deliveries id={id} items={items} />}
      {found.hasNextPage && (
        <div>
          <Button isBusy={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            {t("log.more")}
          </Button>
        </div>
      )}
    </section>
  );
}

function Deliveries({ id, items }: { id: string; items: readonly Delivery[] }) {
  const { t } = useTranslation("subscriptions");
  const [open, setOpen] = useState<Delivery>();
  const names = new Map((useDirectory().data ?? []).map((one) => [one.id, one.name]));
  const placeOf = (one: Delivery) => (one.entityId ? (names.get(one.entityId) ?? plainId(one.entityId)) : t("log.periodic"));
  return (
    <>
      <div className={styles.scroller} role="region" aria-label={t("log.region")} tabIndex={0}>
        <table className={`${styles.table ?? ""} numbers`}>
          <thead>
            <tr>
              {(["when", "what", "result", "latency", "attempts", "answer"] as const).map((name) => (
                <th key={name} scope="col">
                  {t(`log.${name}`)}
                </th>
              ))}
              <th scope="col">{t("log.open")}</th>
            </tr>
          </thead>
          <tbody>
            {items.map((one) => (
              <tr key={one.id}>
                <td>
                  <time title={formatMoment(one.createdAt)}>{formatAge(one.createdAt)}</time>
                </td>
                <th scope="row">{placeOf(one)}</th>
                <td>
                  {t(`delivery.${one.state}`)}
                  {one.replayed && <span className={styles.soft}> {t("log.replayed")}</span>}
                </td>
                <td>{typeof one.latencyMs === "number" ? writeLatency(one.latencyMs) : "–"}</td>
                <td>{formatCount(one.attempts)}</td>
                <td>{one.status ?? "–"}</td>
                <td>
                  {one.state === "deadLettered" && (
                    <Button kind="quiet" aria-label={t("log.openOf", { place: placeOf(one) })} onClick={() => setOpen(one)}>
                      {t("log.open")}
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {open !== undefined && <DeadLetter id={id} delivery={open} place={placeOf(open)} onClose={() => setOpen(undefined)} />}
    </>
  );
}

function DeadLetter({ id, delivery, place, onClose }: { id: string; delivery: Delivery; place: string; onClose: () => void }) {
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
          <Why.Mend error={delivery.error} />
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
