import { useDeferredValue, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearch } from "../../app/router";
import { Choice } from "../../components/Field";
import { MapView, type Bounds, type MapPoint, type View } from "../../components/MapView";
import { EmptyState, ErrorState, Loading } from "../../components/states";
import { formatCount } from "../../format/numbers";
import { THEMES } from "../../format/names";
import { Detail } from "./Detail";
import { EntityList } from "./EntityList";
import { Filters } from "./Filters";
import { Legend } from "./Legend";
import styles from "./LivePage.module.css";
import { Pulse } from "./Pulse";
import { choose, countThemes, isSilent, metricsOf, type Seen, type Wish } from "./seeing";
import { useNow, useTown } from "./useTown";

const AGES_MS = 10_000;

/** What is wanted, as the address says (deep links). */
function readWish(search: URLSearchParams, bounds: Bounds | undefined): Wish {
  const theme = THEMES.find((each) => each === search.get("theme")) ?? "all";
  const order = (["level", "name", "newest"] as const).find((each) => each === search.get("sort")) ?? "level";
  return {
    theme,
    order,
    type: search.get("type") ?? undefined,
    metric: search.get("metric") ?? "main",
    search: search.get("q") ?? "",
    bounds: search.get("area") === "map" ? bounds : undefined,
  };
}

function readView(search: URLSearchParams): View | undefined {
  const [latitude, longitude, zoom] = (search.get("at") ?? "").split(",").map(Number);
  const isThere = [latitude, longitude, zoom].every((each) => each !== undefined && Number.isFinite(each));
  return isThere && zoom !== undefined && zoom > 0 ? { latitude: latitude ?? 0, longitude: longitude ?? 0, zoom } : undefined;
}

const writeView = (view: View): string => [view.latitude.toFixed(5), view.longitude.toFixed(5), view.zoom.toFixed(2)].join(",");

export default function LivePage() {
  const { t, i18n } = useTranslation("live");
  const [state, town] = useTown();
  const [search, change] = useSearch();
  const [bounds, setBounds] = useState<Bounds>();
  const [tab, setTab] = useState<"map" | "list">("map");
  const now = useNow(AGES_MS);
  const wish = useDeferredValue(useMemo(() => readWish(search, bounds), [search, bounds]));
  const [firstView] = useState(() => readView(search));
  const language = i18n.resolvedLanguage;
  // The language is part of what is made: names and values are words
  const seen = useMemo(() => (language === undefined ? [] : choose(state.entities.values(), wish)), [state.entities, wish, language]);
  const points = useMemo(() => seen.flatMap((each) => pointOf(each, now)), [seen, now]);
  const themes = useMemo(() => countThemes(state.entities.values()), [state.entities]);
  const metrics = useMemo(
    () => metricsOf(choose(state.entities.values(), { ...wish, metric: "main", search: "", bounds: undefined }).map((each) => each.entity)),
    [state.entities, wish],
  );
  const chosenId = search.get("id") ?? undefined;
  const chosen = chosenId === undefined ? undefined : state.entities.get(chosenId);
  const select = (id: string | undefined) => change({ id }, { push: id !== undefined });
  const count = state.entities.size;

  if (state.error !== undefined && count === 0) return <ErrorState error={state.error} onRetry={() => town.start()} />;
  if (state.isLoading && count === 0) return <Loading label={t("loading")} />;
  if (count === 0) {
    return (
      <EmptyState icon="device" title={t("empty.title")} action={<Link to="/devices">{t("empty.link")}</Link>}>
        {t("empty.text")}
      </EmptyState>
    );
  }
  return (
    <div className={styles.page} data-tab={tab} data-detail={chosenId !== undefined}>
      <div className={styles.side}>
        <header className={styles.head}>
          <h1>{t("title")}</h1>
          <Pulse state={state} town={town} />
        </header>
        <Filters wish={wish} themes={themes} metrics={metrics} total={count} search={search} onChange={change} />
        <div className={styles.tabs}>
          <Choice
            label={t("view.label")}
            isLabelHidden
            value={tab}
            options={[
              { value: "map", label: t("view.map") },
              { value: "list", label: t("view.list") },
            ]}
            onChange={setTab}
          />
        </div>
        <p className={styles.count} role="status">
          {state.isLoading
            ? t("count.loading", { shown: formatCount(count), all: formatCount(state.total) })
            : t("count.found", { count: seen.length, shown: formatCount(seen.length) })}
        </p>
        <div className={styles.list}>
          <EntityList seen={seen} chosen={chosenId} now={now} onChoose={select} />
        </div>
      </div>
      <div className={styles.map}>
        <MapView
          label={t("map.label")}
          points={points}
          chosen={chosenId}
          onChoose={select}
          view={firstView}
          onMove={(view, area) => {
            setBounds(area);
            change({ at: writeView(view) });
          }}
        />
        <Legend metric={wish.metric} />
      </div>
      {chosenId !== undefined && (
        <Detail key={chosenId} id={chosenId} entity={chosen} now={now} onClose={() => select(undefined)} isLoading={state.isLoading} />
      )}
    </div>
  );
}

function pointOf(seen: Seen, now: number): MapPoint[] {
  const position = seen.entity.position;
  if (position === null) return [];
  return [
    {
      id: seen.entity.id,
      longitude: position[0],
      latitude: position[1],
      level: seen.level,
      text: seen.text,
      isStale: isSilent(seen.at, now),
    },
  ];
}
