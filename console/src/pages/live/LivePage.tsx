import { Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearch } from "../../app/router";
import { Choice } from "../../components/Field";
import { preloadMap } from "../../components/MapView";
import { EmptyState, ErrorState, Loading } from "../../components/states";
import { Detail } from "./Detail";
import { EntityList } from "./EntityList";
import { Filters } from "./Filters";
import styles from "./LivePage.module.css";
import { LoadStatus } from "./LoadStatus";
import { Pulse } from "./Pulse";
import type { Town, TownState } from "./town";
import { TownMap } from "./TownMap";
import { useNow, useTown } from "./useTown";
import { useWanted } from "./useWanted";
import { keepWish, keptWish } from "./wishes";

const AGES_MS = 10_000;

preloadMap();

/** The town as it is now. It is asked for before the words of the page have arrived. */
export default function LivePage() {
  const [state, town] = useTown();
  return (
    <Suspense fallback={<Loading />}>
      <TownPage state={state} town={town} />
    </Suspense>
  );
}

/** Map and list beside each other, on a phone one at a time. */
function TownPage({ state, town }: { state: TownState; town: Town }) {
  const { t } = useTranslation("live");
  const [search, change] = useKeptSearch();
  const wanted = useWanted(state, town, search);
  const [tab, setTab] = useState<"map" | "list">("map");
  const shownTab = search.get("area") === "draw" ? "map" : tab;
  const now = useNow(AGES_MS);
  const chosenId = search.get("id") ?? undefined;
  const select = (id: string | undefined) => change({ id }, { push: id !== undefined });
  const count = state.entities.size;

  if (state.error !== undefined && count === 0) return <ErrorState isPage error={state.error} onRetry={() => town.start()} />;
  if (!state.isLoading && count === 0) return <NothingYet />;
  return (
    <div className={styles.page} data-tab={shownTab} data-detail={chosenId !== undefined}>
      <div className={styles.side}>
        <header className={styles.head}>
          <h1>{t("title")}</h1>
          <Pulse state={state} town={town} />
        </header>
        <Filters wish={wanted.wish} wanted={wanted} total={count} search={search} onChange={change} />
        <div className={styles.tabs}>
          <Choice label={t("view.label")} isLabelHidden value={shownTab} options={(["map", "list"] as const).map((value) => ({ value, label: t(`view.${value}`) }))} onChange={setTab} />
        </div>
        <LoadStatus state={state} town={town} found={wanted.seen.length} />
        <div className={styles.list}>
          <EntityList seen={wanted.seen} chosen={chosenId} now={now} isLoading={state.isLoading} onChoose={select} onReset={() => change(wanted.nothing)} />
        </div>
      </div>
      <TownMap wanted={wanted} now={now} search={search} chosen={chosenId} onChoose={select} onChange={change} isEmpty={count === 0} />
      {chosenId !== undefined && <Detail key={chosenId} id={chosenId} live={state.entities.get(chosenId)} now={now} onClose={() => select(undefined)} />}
    </div>
  );
}

/** The address as state; one that says nothing begins as the last visit was left. */
function useKeptSearch(): ReturnType<typeof useSearch> {
  const [search, change] = useSearch();
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) keepWish(search);
    else if (search.size === 0) change(keptWish());
    isFirst.current = false;
  }, [search, change]);
  return [search, change];
}

function NothingYet() {
  const { t } = useTranslation("live");
  return (
    <EmptyState isPage icon="device" title={t("empty.title")} action={<Link to="/devices">{t("empty.link")}</Link>}>
      {t("empty.text")}
    </EmptyState>
  );
}
