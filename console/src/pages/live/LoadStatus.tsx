import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { SlowHint } from "../../components/states";
import { formatCount } from "../../format/numbers";
import styles from "./LivePage.module.css";
import type { Town, TownState } from "./town";

/** How many places there are; while they arrive, how far that is, and a way to stop it. */
export function LoadStatus({ state, town, found }: { state: TownState; town: Town; found: number }) {
  const { t } = useTranslation("live");
  const { isLoading, isPartial, total, error } = state;
  const count = state.entities.size;
  const isFirst = isLoading && count < total;
  const amounts = { shown: formatCount(count), all: formatCount(total) };
  return (
    <div className={styles.count}>
      <p role="status">
        {isLoading && count === 0 ? t("loading") : isFirst ? t("count.loading", amounts) : isPartial ? t("count.partial", amounts) : t("count.found", { count: found, shown: formatCount(found) })}
      </p>
      {isLoading && count === 0 && <SlowHint />}
      {isFirst && count > 0 && (
        <>
          <progress value={count} max={total} aria-label={t("loading")} />
          <Button kind="quiet" onClick={() => town.cancel()}>
            {t("count.cancel")}
          </Button>
        </>
      )}
      {!isLoading && (isPartial || error !== undefined) && (
        <Button kind="quiet" onClick={() => town.start()}>
          {t(error === undefined ? "count.rest" : "count.again")}
        </Button>
      )}
    </div>
  );
}
