import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { sendAsAnyone } from "../../api/client";
import type { Entity } from "../../api/entities";
import { MapView, type MapPoint } from "../../components/MapView";
import { ErrorState, Loading } from "../../components/states";
import { pick } from "../../format/language";
import { attributeName, typeName } from "../../format/names";
import { formatAge } from "../../format/times";
import { isSilent, see, type Seen } from "../live/seeing";
import { useNow, useTown } from "../live/useTown";
import styles from "./PublicPage.module.css";

const AGES_MS = 15_000;

/** The places of all data sets, live. */
export default function PublicMap() {
  const { t } = useTranslation("public");
  const [{ entities, isLoading, error }, town] = useTown(sendAsAnyone);
  const [chosen, setChosen] = useState<string>();
  const now = useNow(AGES_MS);
  const points = useMemo(() => [...entities.values()].flatMap((each) => pointOf(each, now)), [entities, now]);
  const entity = chosen === undefined ? undefined : entities.get(chosen);
  const seen = entity === undefined ? undefined : see(entity, "main");
  if (error !== undefined && entities.size === 0) return <ErrorState error={error} onRetry={() => town.start()} />;
  if (isLoading && entities.size === 0) return <Loading />;
  return (
    <>
      <MapView label={t("mapLabel")} points={points} {...(chosen !== undefined && { chosen })} onChoose={setChosen} />
      <div className={styles.said} role="status">
        {seen !== undefined && <Said seen={seen} now={now} />}
      </div>
    </>
  );
}

function Said({ seen, now }: { seen: Seen; now: number }) {
  return (
    <p>
      <strong>{seen.entity.name}</strong> {typeName(seen.entity.types[0] ?? "")} {seen.attribute !== undefined && attributeName(seen.attribute)}{" "}
      <strong className="numbers">{seen.text}</strong> {seen.step !== undefined && pick(seen.step.name)} {seen.at > 0 && formatAge(seen.at, now)}
    </p>
  );
}

function pointOf(entity: Entity, now: number): MapPoint[] {
  const seen = see(entity, "main");
  if (entity.position === null || seen === undefined) return [];
  const [longitude, latitude] = entity.position;
  return [{ id: entity.id, longitude, latitude, level: seen.level, text: seen.text, isStale: isSilent(seen.at, now) }];
}
