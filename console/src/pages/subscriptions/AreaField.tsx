import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { EntityPicker } from "../../components/EntityPicker";
import { Choice, TextField } from "../../components/Field";
import { type Bounds, MapView } from "../../components/MapView";
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
  const [centre, setCentre] = useState<string[]>([]);
  const { area } = draft;
  const places = usePlaces(kind === "none" ? [] : draft.types);
  const points = useMemo(
    () =>
      (places.data ?? []).flatMap((one) => {
        if (one.position === null) return [];
        const [longitude, latitude] = one.position;
        const isInside = area !== undefined && isIn(area, one.position);
        return [{ id: one.id, longitude, latitude, level: isInside ? (1 as const) : null, text: one.name, isStale: false }];
      }),
    [places.data, area],
  );
  const inside = points.filter((one) => one.level !== null).length;
  const choose = (next: Kind) => {
    setKind(next);
    if (next === "none") change({ area: undefined });
    else if (next === "polygon" && bounds !== undefined) change({ area: rectangle(bounds) });
    else if (next === "circle" && area?.kind === "polygon") change({ area: undefined });
  };
  const setCircle = (id: string | undefined) => {
    const place = points.find((one) => one.id === id);
    if (place === undefined) return;
    setCentre([place.id]);
    const radius = area?.kind === "circle" ? area.radius : USUAL_RADIUS;
    change({ area: { kind: "circle", longitude: place.longitude, latitude: place.latitude, radius } });
  };
  return (
    <section className={styles.section} aria-labelledby="form-area">
      <h2 id="form-area">{t("form.area")}</h2>
      <p className={styles.soft}>{t("form.areaHint")}</p>
      <Choice
        label={t("form.areaKind")}
        value={kind}
        options={[
          { value: "none", label: t("form.areaNone") },
          { value: "circle", label: t("form.areaCircle") },
          { value: "polygon", label: t("form.areaPolygon") },
        ]}
        onChange={choose}
      />
      {kind === "circle" && (
        <div className={styles.pair}>
          <div>
            <EntityPicker label={t("form.centre")} value={centre} max={1} types={draft.types} onChange={(ids) => (ids[0] === undefined ? setCentre([]) : setCircle(ids[0]))} />
            {area?.kind === "circle" && <p className={styles.soft}>{t("form.centreChosen", { position: showPosition(area.longitude, area.latitude) })}</p>}
          </div>
          <TextField
            label={t("form.radius")}
            inputMode="numeric"
            value={area?.kind === "circle" && area.radius > 0 ? String(area.radius) : ""}
            disabled={area?.kind !== "circle"}
            onChange={(event) => area?.kind === "circle" && change({ area: { ...area, radius: Number(event.target.value.normalize("NFKC")) || 0 } })}
          />
        </div>
      )}
      {kind !== "none" && (
        <div className={styles.map}>
          <MapView label={t("form.map")} points={points} onChoose={(id) => kind === "circle" && setCircle(id)} onMove={(_, next) => setBounds(next)} {...(centre[0] !== undefined && { chosen: centre[0] })} />
        </div>
      )}
      {kind === "polygon" && (
        <div>
          <Button icon="target" disabled={bounds === undefined} onClick={() => bounds !== undefined && change({ area: rectangle(bounds) })}>
            {t("form.useView")}
          </Button>
        </div>
      )}
      {area !== undefined && <p role="status">{t("form.areaSet", { count: inside })}</p>}
      {error !== undefined && (
        <p className={styles.error} role="alert">
          {error}
        </p>
      )}
    </section>
  );
}
