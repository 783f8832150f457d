import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Attribute, type Entity, getEntity, mainAttribute, shownAttributes } from "../../api/entities";
import { Link } from "../../app/router";
import { IconButton } from "../../components/Button";
import { CopyButton } from "../../components/CopyButton";
import { cx } from "../../components/cx";
import { EmptyState, ErrorState, Loading } from "../../components/states";
import { pick } from "../../format/language";
import { attributeName, plainId, typeName } from "../../format/names";
import { formatAge, formatMoment } from "../../format/times";
import { formatValue, showPosition, showValue } from "../../format/units";
import styles from "./Detail.module.css";
import { MiniChart } from "./MiniChart";
import { qualityOf } from "./quality";
import { isSilent, stepOfAttribute } from "./seeing";

interface Props {
  id: string;
  /** As the live page knows it; the panel asks for the rest by itself. */
  entity: Entity | undefined;
  now: number;
  isLoading: boolean;
  onClose: () => void;
}

/** All that is known of one place. Beside the map; on a phone over it. */
export function Detail({ id, entity, now, isLoading, onClose }: Props) {
  const { t } = useTranslation("live");
  const panel = useRef<HTMLElement>(null);
  const asked = useQuery({ queryKey: ["entity", id], queryFn: ({ signal }) => getEntity(id, signal), enabled: entity === undefined && !isLoading });
  const shown = entity ?? asked.data;
  useEffect(() => {
    const opener = document.activeElement;
    panel.current?.focus({ preventScroll: false });
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
    };
  }, []);
  useEscape(onClose);
  return (
    <aside
      ref={panel}
      className={styles.panel}
      tabIndex={-1}
      aria-label={shown?.name ?? plainId(id)}
    >
      <IconButton className={styles.close} icon="close" label={t("detail.close")} onClick={onClose} />
      {shown !== undefined ? (
        <Content entity={shown} now={now} />
      ) : asked.isError ? (
        <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />
      ) : isLoading || asked.isPending ? (
        <Loading />
      ) : (
        <EmptyState icon="search" title={t("detail.gone")} />
      )}
    </aside>
  );
}

function useEscape(onEscape: () => void): void {
  const latest = useRef(onEscape);
  useEffect(() => {
    latest.current = onEscape;
  });
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key === "Escape" && document.querySelector("dialog[open]") === null) latest.current();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}

function Content({ entity, now }: { entity: Entity; now: number }) {
  const { t } = useTranslation("live");
  const attributes = useMemo(() => shownAttributes(entity), [entity]);
  const main = mainAttribute(entity);
  const [picked, setPicked] = useState<string>();
  const charted = picked ?? numericName(main) ?? attributes.find(([, attribute]) => typeof attribute.value === "number")?.[0];
  const attribute = charted === undefined ? undefined : entity.attributes.get(charted);
  const measured = attributes.filter(([, each]) => each.at !== undefined || typeof each.value === "number");
  const described = attributes.filter(([name]) => !measured.some(([other]) => other === name));
  return (
    <>
      <header className={styles.head}>
        <p className={styles.soft}>{entity.types.map(typeName).join("・")}</p>
        <h2>{entity.name}</h2>
        {main !== undefined && <Headline entity={entity} name={main[0]} attribute={main[1]} now={now} />}
      </header>
      {charted !== undefined && attribute !== undefined && <MiniChart key={charted} id={entity.id} name={charted} attribute={attribute} entity={entity} />}
      <h3>{t("detail.values")}</h3>
      <table className={styles.values}>
        <caption className="visually-hidden">{t("detail.values")}</caption>
        <thead className="visually-hidden">
          <tr>
            <th scope="col">{t("detail.attribute")}</th>
            <th scope="col">{t("detail.value")}</th>
            <th scope="col">{t("detail.age")}</th>
          </tr>
        </thead>
        <tbody>
          {measured.map(([name, each]) => (
            <ValueRow key={name} entity={entity} name={name} attribute={each} now={now} isCharted={name === charted} onChart={setPicked} />
          ))}
        </tbody>
      </table>
      <h3>{t("detail.about")}</h3>
      <dl className={styles.about}>
        {described.map(([name, each]) => (
          <div key={name}>
            <dt>{attributeName(name)}</dt>
            <dd>{formatValue(name, each.value, each.unitCode)}</dd>
          </div>
        ))}
        {entity.position !== null && (
          <div>
            <dt>{attributeName("location")}</dt>
            <dd>{showPosition(...entity.position)}</dd>
          </div>
        )}
        <div>
          <dt>{t("detail.id")}</dt>
          <dd>{plainId(entity.id)}</dd>
        </div>
      </dl>
      <p className={styles.links}>
        <Link to={historyAddress(entity, charted)}>{t("detail.history")}</Link>
        <CopyButton text={location.origin + location.pathname + location.search} icon="link">
          {t("detail.copyLink")}
        </CopyButton>
      </p>
    </>
  );
}

const numericName = (found: [string, Attribute] | undefined): string | undefined =>
  typeof found?.[1].value === "number" ? found[0] : undefined;

function historyAddress(entity: Entity, attribute: string | undefined): string {
  const search = new URLSearchParams({ type: entity.types[0] ?? "", id: entity.id });
  if (attribute !== undefined) search.set("attr", attribute);
  return `/history?${search.toString()}`;
}

function Headline({ entity, name, attribute, now }: { entity: Entity; name: string; attribute: Attribute; now: number }) {
  const { text, unit } = showValue(name, attribute.value, attribute.unitCode);
  const step = stepOfAttribute(entity, name, attribute);
  return (
    <div className={styles.headline} data-level={step?.level ?? "none"}>
      <p>{attributeName(name)}</p>
      <p className={cx(styles.big, "numbers")}>
        {text} <small>{unit}</small>
      </p>
      {step !== undefined && <p className={styles.level}>{pick(step.name)}</p>}
      {attribute.at !== undefined && (
        <p className={styles.soft}>
          {formatAge(attribute.at, now)}（{formatMoment(attribute.at)}）
        </p>
      )}
    </div>
  );
}

interface RowProps {
  entity: Entity;
  name: string;
  attribute: Attribute;
  now: number;
  isCharted: boolean;
  onChart: (name: string) => void;
}

function ValueRow({ entity, name, attribute, now, isCharted, onChart }: RowProps) {
  const { t } = useTranslation("live");
  const step = stepOfAttribute(entity, name, attribute);
  const qualities = qualityOf(attribute);
  const isStale = attribute.at !== undefined && isSilent(attribute.at, now);
  return (
    <tr className={cx(isCharted && styles.charted)}>
      <th scope="row">
        {typeof attribute.value === "number" ? (
          <button type="button" aria-pressed={isCharted} onClick={() => onChart(name)} title={t("detail.chart")}>
            {attributeName(name)}
          </button>
        ) : (
          attributeName(name)
        )}
      </th>
      <td className="numbers">
        {formatValue(name, attribute.value, attribute.unitCode)}
        {step !== undefined && <small className={styles.soft}>{pick(step.name)}</small>}
        {qualities.map((quality) => (
          <small key={quality} className={styles.quality}>
            {quality}
          </small>
        ))}
      </td>
      <td className={cx(styles.soft, isStale && styles.stale)} title={attribute.at === undefined ? undefined : formatMoment(attribute.at)}>
        {attribute.at === undefined ? "–" : formatAge(attribute.at, now)}
        {isStale && <small>{t("detail.silent")}</small>}
      </td>
    </tr>
  );
}
