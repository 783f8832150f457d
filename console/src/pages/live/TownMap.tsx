import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { MapView, type MapPoint } from "../../components/MapView";
import { Loading } from "../../components/states";
import { Legend } from "./Legend";
import styles from "./LivePage.module.css";
import { isSilent, type Seen } from "./seeing";
import type { Wanted } from "./useWanted";
import { readArea, readView, writeArea, writeView } from "./wishes";

/** As wide as the drawer that lies over the map (Detail.module.css). */
const DRAWER_REM = 27.5;
const drawerPx = () => DRAWER_REM * parseFloat(getComputedStyle(document.documentElement).fontSize);

interface Props {
  wanted: Wanted;
  now: number;
  search: URLSearchParams;
  chosen: string | undefined;
  onChoose: (id: string | undefined) => void;
  onChange: (changes: Readonly<Record<string, string | undefined>>) => void;
  /** Nothing has come yet: making a map takes the processor away from what it is to show. */
  isEmpty: boolean;
}

/** The map with its legend, and the way to outline an area. */
export function TownMap({ wanted, now, search, chosen, onChoose, onChange, isEmpty }: Props) {
  const { t } = useTranslation("live");
  const [firstView] = useState(() => readView(search));
  const points = useMemo(() => wanted.seen.flatMap((each) => pointOf(each, now)), [wanted.seen, now]);
  const drawn = search.get("area");
  const isDrawing = drawn === "draw";
  const area = useMemo(() => readArea(drawn), [drawn]);
  if (isEmpty) return <Loading />;
  return (
    <div className={styles.map}>
      <MapView
        label={t("map.label")}
        points={points}
        {...(chosen !== undefined && { chosen, covered: drawerPx() })}
        {...(firstView !== undefined && { view: firstView })}
        {...(area !== undefined && { area })}
        {...(isDrawing && { onDraw: (found) => onChange({ area: writeArea(found) }) })}
        onChoose={onChoose}
        onMove={(view, bounds, isFirst) => {
          wanted.setShown(bounds);
          if (!isFirst) onChange({ at: writeView(view) });
        }}
      />
      <Legend metric={wanted.wish.metric} />
      {isDrawing && (
        <div className={styles.drawing} role="status">
          {t("area.drawing")}
          <Button kind="quiet" onClick={() => onChange({ area: undefined })}>
            {t("area.cancel")}
          </Button>
        </div>
      )}
    </div>
  );
}

const known = new WeakMap<Seen, MapPoint>();

function pointOf(seen: Seen, now: number): MapPoint[] {
  const position = seen.entity.position;
  if (position === null) return [];
  const isStale = isSilent(seen.at, now);
  const before = known.get(seen);
  if (before?.isStale === isStale) return [before];
  const [longitude, latitude] = position;
  const point = { id: seen.entity.id, longitude, latitude, level: seen.level, text: seen.text, isStale };
  known.set(seen, point);
  return [point];
}
