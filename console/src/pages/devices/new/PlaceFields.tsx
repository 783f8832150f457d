import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { TextField } from "../../../components/Field";
import { Icon } from "../../../components/Icon";
import { MapView, type View } from "../../../components/MapView";
import { showPosition } from "../../../format/units";
import { readNumber } from "../logic/draft";
import { degrees, splitPair } from "./logic/place";
import styles from "./New.module.css";

interface Place {
  readonly latitude: string;
  readonly longitude: string;
}

interface Props {
  form: Place;
  set: (changes: Partial<Place>) => void;
  flaws: readonly string[];
}

/** Where it is, in numbers; a map that one may open helps to find them. */
export function PlaceFields({ form, set, flaws }: Props) {
  const { t } = useTranslation("devices/new");
  const [isOpen, setOpen] = useState(false);
  const type = (name: "latitude" | "longitude", text: string) => set(splitPair(text) ?? { [name]: text });
  return (
    <>
      <p className={styles.soft}>{t("form.placeHint")}</p>
      <div className={styles.pair}>
        {(["latitude", "longitude"] as const).map((name) => (
          <TextField
            key={name}
            label={t(`form.${name}`)}
            hint={t(`form.${name}Hint`)}
            isOptional
            inputMode="decimal"
            autoComplete="off"
            maxLength={60}
            value={form[name]}
            onChange={(event) => type(name, event.target.value)}
            {...(flaws.includes(name) && { error: t(`flaw.${name}`) })}
          />
        ))}
      </div>
      <div>
        <Button icon="map" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {t(isOpen ? "map.close" : "map.open")}
        </Button>
      </div>
      {isOpen && <PlaceMap form={form} set={set} />}
    </>
  );
}

const CLOSE_ZOOM = 16;

/** The place is what stands under the cross in the middle: by mouse, finger and keyboard alike. */
function PlaceMap({ form, set }: Omit<Props, "flaws">) {
  const { t } = useTranslation("devices/new");
  const [latitude, longitude] = [readNumber(form.latitude), readNumber(form.longitude)];
  const [start] = useState<View | undefined>(() => (latitude === undefined || longitude === undefined ? undefined : { latitude, longitude, zoom: CLOSE_ZOOM }));
  const [centre, setCentre] = useState<View | undefined>(start);
  const points = useMemo(
    () => (latitude === undefined || longitude === undefined ? [] : [{ id: "place", latitude, longitude, level: 0 as const, text: "", isStale: false }]),
    [latitude, longitude],
  );
  return (
    <>
      <p className={styles.soft}>{t("map.hint")}</p>
      <div className={styles.map}>
        <MapView label={t("map.label")} points={points} onChoose={() => undefined} onMove={setCentre} {...(start !== undefined && { view: start })} />
        <span className={styles.cross} aria-hidden="true">
          <Icon name="target" size={44} />
        </span>
      </div>
      <div className={styles.actions}>
        <Button icon="target" disabled={centre === undefined} onClick={() => centre !== undefined && set({ latitude: degrees(centre.latitude), longitude: degrees(centre.longitude) })}>
          {t("map.take")}
        </Button>
        <span role="status" className={styles.soft}>
          {centre === undefined ? t("map.move") : showPosition(centre.longitude, centre.latitude)}
        </span>
      </div>
    </>
  );
}
