import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { EntityPicker } from "../../../components/EntityPicker";
import { Choice, TextField } from "../../../components/Field";
import { type Bounds, MapView } from "../../../components/MapView";
import { usePlaces } from "./asking";
import type { FieldProps } from "./Form";
import { circle, isIn, type Position, rectangle } from "./logic/areas";
import styles from "./Grants.module.css";

const USUAL_RADIUS = 500; // metres

type Kind = "none" | "circle" | "view" | "kept";

/** Where: around a place, or what the map shows. The map is a help; the circle can be had without it. */
export function AreaField({ draft, change, errorOf }: FieldProps) {
  const { t } = useTranslation("settings/grants");
  const [kind, setKind] = useState<Kind>(draft.area === undefined ? "none" : "kept");
  const [kept] = useState(draft.area);
  const [bounds, setBounds] = useState<Bounds>();
  const [centre, setCentre] = useState<{ id: string; position: Position }>();
  const [radius, setRadius] = useState(String(USUAL_RADIUS));
  const places = usePlaces(draft.isAnyType ? [] : draft.types, kind !== "none" && (draft.isAnyType || draft.types.length > 0));
  const points = useMemo(
    () =>
      (places.data ?? []).flatMap(({ id, name, position }) => {
        if (position === null) return [];
        const isInside = draft.area !== undefined && isIn(draft.area, position);
        return [{ id, longitude: position[0], latitude: position[1], level: isInside ? (1 as const) : null, text: name, isStale: false }];
      }),
    [places.data, draft.area],
  );
  const round = (position: Position | undefined, metres: string) => {
    const length = Number(metres.normalize("NFKC"));
    change({ area: position !== undefined && length > 0 ? circle(position, length) : undefined, isInArea: true });
  };
  const choose = (next: Kind) => {
    setKind(next);
    if (next === "none") change({ area: undefined, isInArea: false });
    else if (next === "kept") change({ area: kept, isInArea: true });
    else if (next === "view") change({ area: bounds === undefined ? undefined : rectangle(bounds), isInArea: true });
    else round(centre?.position, radius);
  };
  const setPlace = (id: string | undefined) => {
    const place = points.find((one) => one.id === id);
    setCentre(place && { id: place.id, position: [place.longitude, place.latitude] });
    round(place && [place.longitude, place.latitude], radius);
  };
  const move = (next: Bounds) => {
    setBounds(next);
    if (kind === "view" && draft.area === undefined) change({ area: rectangle(next), isInArea: true });
  };
  const error = errorOf("area");
  return (
    <div className={styles.inner}>
      <Choice
        label={t("area.label")}
        value={kind}
        options={[{ value: "none" as const, label: t("area.none") }, ...(kept === undefined ? [] : [{ value: "kept" as const, label: t("area.kept") }]), { value: "circle" as const, label: t("area.circle") }, { value: "view" as const, label: t("area.view") }]}
        onChange={choose}
      />
      {kind === "circle" && (
        <div className={styles.pair}>
          <EntityPicker label={t("area.centre")} value={centre === undefined ? [] : [centre.id]} max={1} {...(!draft.isAnyType && { types: draft.types })} onChange={(ids) => setPlace(ids[0])} />
          <TextField
            label={t("area.radius")}
            inputMode="numeric"
            value={radius}
            onChange={(event) => {
              setRadius(event.target.value);
              round(centre?.position, event.target.value);
            }}
          />
        </div>
      )}
      {kind !== "none" && (
        <div className={styles.map}>
          <MapView label={t("area.map")} points={points} onChoose={(id) => kind === "circle" && setPlace(id)} onMove={(_, next) => move(next)} {...(centre !== undefined && { chosen: centre.id })} />
        </div>
      )}
      {kind === "view" && (
        <div>
          <Button icon="target" disabled={bounds === undefined} onClick={() => bounds !== undefined && change({ area: rectangle(bounds) })}>
            {t("area.useView")}
          </Button>
        </div>
      )}
      {draft.area !== undefined && <p role="status">{t("area.set", { count: points.filter((one) => one.level !== null).length })}</p>}
      {error !== undefined && (
        <p className={styles.error} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
