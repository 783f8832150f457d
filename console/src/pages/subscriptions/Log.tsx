import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { SelectField } from "../../components/Field";
import { ErrorState, Loading } from "../../components/states";
import { getDeliveries, type State, STATES } from "./asking";
import { Deliveries } from "./Deliveries";
import styles from "./Subscriptions.module.css";

/** Every notification, the newest first; those given up can be looked into and sent again. */
export function Log({ id, onReplay }: { id: string; onReplay: (ids: readonly number[]) => void }) {
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
      {items.length > 0 && <Deliveries id={id} items={items} onReplay={onReplay} />}
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
