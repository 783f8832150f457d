import { useDeferredValue, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Bounds } from "../../components/MapView";
import type { Theme } from "../../format/names";
import { metricsOf } from "./asking";
import { choose, countThemes, countTypes, type Seen, type Wish } from "./seeing";
import type { Town, TownState } from "./town";
import { readWish } from "./wishes";

export interface Wanted {
  readonly wish: Wish;
  readonly seen: readonly Seen[];
  readonly themes: ReadonlyMap<Theme, number>;
  /** How many of each kind there are. */
  readonly types: ReadonlyMap<string, number>;
  /** What the map can be coloured by. */
  readonly metrics: readonly string[];
  readonly setShown: (bounds: Bounds) => void;
  /** The changes of the address that take every condition away. */
  readonly nothing: Readonly<Record<string, undefined>>;
}

const NOTHING = { theme: undefined, type: undefined, metric: undefined, q: undefined, area: undefined };

/** From the town and the address: what is to be seen, and what could be chosen from. */
export function useWanted(state: TownState, town: Town, search: URLSearchParams): Wanted {
  const { i18n } = useTranslation("live");
  const language = i18n.resolvedLanguage;
  const [shown, setShown] = useState<Bounds>();
  const wish = useDeferredValue(useMemo(() => readWish(search, shown), [search, shown]));
  const { entities, kinds } = state;
  // The language is part of what is made: names and values are words
  const seen = useMemo(() => (language === undefined ? [] : choose(entities.values(), wish)), [entities, wish, language]);
  const themes = useMemo(() => countThemes(entities.values()), [entities]);
  const types = useMemo(() => countTypes(entities.values()), [entities]);
  const metrics = useMemo(() => metricsOf(kinds, types, wish.theme), [kinds, types, wish.theme]);
  useEffect(() => town.setMetric(wish.metric), [town, wish.metric]);
  return { wish, seen, themes, types, metrics, setShown, nothing: NOTHING };
}
