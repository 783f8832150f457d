import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Attribute, type Entity, mainAttribute } from "../../api/entities";
import { Link } from "../../app/router";
import { CopyButton } from "../../components/CopyButton";
import { attributeName, plainId } from "../../format/names";
import { formatValue, showPosition } from "../../format/units";
import styles from "./Detail.module.css";
import { MiniChart } from "./MiniChart";
import { type Place, splitAttributes } from "./place";
import { Values } from "./Values";

/** Chart, values, what is said of the place, and the ways on from here. */
export function PlaceDetail({ place, now }: { place: Place; now: number }) {
  const { entity } = place;
  const { measured, described } = useMemo(() => splitAttributes(place), [place]);
  const [picked, setPicked] = useState<string>();
  const charted = picked ?? numericName(mainAttribute(entity)) ?? measured.find(([, attribute]) => typeof attribute.value === "number")?.[0];
  const attribute = charted === undefined ? undefined : entity.attributes.get(charted);
  return (
    <>
      {charted !== undefined && attribute !== undefined && <MiniChart key={charted} id={entity.id} name={charted} attribute={attribute} entity={entity} />}
      {measured.length > 0 && <Values entity={entity} measured={measured} now={now} charted={charted} onChart={setPicked} />}
      <About entity={entity} described={described} />
      <Ways entity={entity} attribute={charted} />
    </>
  );
}

const numericName = (found: [string, Attribute] | undefined): string | undefined => (typeof found?.[1].value === "number" ? found[0] : undefined);

function About({ entity, described }: { entity: Entity; described: readonly [string, Attribute][] }) {
  const { t } = useTranslation("live");
  return (
    <>
      <h3>{t("detail.about")}</h3>
      <dl className={styles.about}>
        {described.map(([name, each]) => (
          <Line key={name} name={attributeName(name)} text={formatValue(name, each.value, each.unitCode)} />
        ))}
        {entity.position !== null && <Line name={attributeName("location")} text={showPosition(...entity.position)} />}
        <Line name={t("detail.id")} text={plainId(entity.id)} />
      </dl>
    </>
  );
}

function Line({ name, text }: { name: string; text: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </div>
  );
}

function Ways({ entity, attribute }: { entity: Entity; attribute: string | undefined }) {
  const { t } = useTranslation("live");
  const search = new URLSearchParams({ type: entity.types[0] ?? "", id: entity.id });
  if (attribute !== undefined) search.set("attr", attribute);
  return (
    <p className={styles.links}>
      <Link to={`/history?${search.toString()}`}>{t("detail.history")}</Link>
      <CopyButton text={location.origin + location.pathname + location.search} icon="link">
        {t("detail.copyLink")}
      </CopyButton>
    </p>
  );
}
