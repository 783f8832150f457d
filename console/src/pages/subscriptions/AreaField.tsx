import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { EntityPicker } from "../../components/EntityPicker";
import { Choice, TextField } from "../../components/Field";
import { type Bounds, type MapPoint, MapView } from "../../components/MapView";
import { showPosition } from "../../format/units";
import { usePlaces } from "./catalogue";
import type { FieldProps } from "./fields";
import { isIn, rectangle } from "./logic/areas";
import type { Area } from "./logic/draft";
import styles from "./Subscriptions.module.css";

const USUAL_RADIUS = 500;

type Kind = "none" | Area["kind"];

/** Where: around a place, or what the map shows. The map is a help; all of it can be done without. */
export function AreaField({ draft, change, error }: FieldProps) {
  const { t } = useTranslation("subscriptions");
  const [kind, setKind] = useState<Kind>(draft.area?.kind ?? "none");
  const [bounds, setBounds] = useState<Bounds>();
  const { area } = draft;
  const points = usePoints(kind === "none" ? [] : draft.types, area);
  const [centre, setCentre] = useCentre(points, area, change);
  const choose = (next: Kind) => {
    setKind(next);
    if (next === "none") change({ area: undefined });
    else if (next === "polygon" && bounds !== undefined) change({ area: rectangle(bounds) });
    else if (next === "circle" && area?.kind === "polygon") change({ area: undefined });
  };
  return (
    <section className={styles.section} aria-labelledby="form-area">
      <h2 id="form-area">{t("form.area")}</h2>
      <p className={styles.soft}>{t("form.areaHint")}</p>
      <KindChoice kind={kind} onChoose={choose} />
      {kind === "circle" && <CircleFields types={draft.types} area={area} centre={centre} onCentre={setCentre} change={change} />}
      {kind !== "none" && (
        <div className={styles.map}>
          <MapView label={t("form.map")} points={points} onChoose={(id) => kind === "circle" && id !== undefined && setCentre(id)} onMove={(_, next) => setBounds(next)} {...(centre !== undefined && { chosen: centre })} />
        </div>
      )}
      {kind === "polygon" && (
        <div>
          <Button icon="target" disabled={bounds === undefined} onClick={() => bounds !== undefined && change({ area: rectangle(bounds) })}>
            {t("form.useView")}
          </Button>
        </div>
      )}
      {area !== undefined && <p role="status">{t("form.areaSet", { count: points.filter((one) => one.level !== null).length })}</p>}
      {error !== undefined && (
        <p className={styles.error} role="alert">
          {error}
        </p>
      )}
    </section>
  );
}

/** The places of the chosen types; those inside the area are coloured. */
function usePoints(types: readonly string[], area: Area | undefined): MapPoint[] {
  const places = usePlaces(types);
  return useMemo(
    () =>
      (places.data ?? []).flatMap((one) => {
        if (one.position === null) return [];
        const [longitude, latitude] = one.position;
        const isInside = area !== undefined && isIn(area, one.position);
        return [{ id: one.id, longitude, latitude, level: isInside ? (1 as const) : null, text: one.name, isStale: false }];
      }),
    [places.data, area],
  );
}

/** The place that is the centre of the circle; choosing one keeps the radius. */
function useCentre(points: readonly MapPoint[], area: Area | undefined, change: FieldProps["change"]) {
  const [centre, setCentre] = useState<string>();
  const choose = (id: string | undefined) => {
    const place = points.find((one) => one.id === id);
    if (id !== undefined && place === undefined) return;
    setCentre(id);
    if (place === undefined) return;
    const radius = area?.kind === "circle" ? area.radius : USUAL_RADIUS;
    change({ area: { kind: "circle", longitude: place.longitude, latitude: place.latitude, radius } });
  };
  return [centre, choose] as const;
}

function KindChoice({ kind, onChoose }: { kind: Kind; onChoose: (kind: Kind) => void }) {
  const { t } = useTranslation("subscriptions");
  return (
    <Choice
      label={t("form.areaKind")}
      value={kind}
      options={[
        { value: "none", label: t("form.areaNone") },
        { value: "circle", label: t("form.areaCircle") },
        { value: "polygon", label: t("form.areaPolygon") },
      ]}
      onChange={onChoose}
    />
  );
}

interface CircleProps {
  types: readonly string[];
  area: Area | undefined;
  centre: string | undefined;
  onCentre: (id: string | undefined) => void;
  change: FieldProps["change"];
}

function CircleFields({ types, area, centre, onCentre, change }: CircleProps) {
  const { t } = useTranslation("subscriptions");
  const circle = area?.kind === "circle" ? area : undefined;
  return (
    <div className={styles.pair}>
      <div>
        <EntityPicker label={t("form.centre")} value={centre === undefined ? [] : [centre]} max={1} types={types} onChange={(ids) => onCentre(ids[0])} />
        {circle !== undefined && <p className={styles.soft}>{t("form.centreChosen", { position: showPosition(circle.longitude, circle.latitude) })}</p>}
      </div>
      <TextField
        label={t("form.radius")}
        inputMode="numeric"
        value={circle !== undefined && circle.radius > 0 ? String(circle.radius) : ""}
        disabled={circle === undefined}
        onChange={(event) => circle !== undefined && change({ area: { ...circle, radius: Number(event.target.value.normalize("NFKC")) || 0 } })}
      />
    </div>
  );
}
