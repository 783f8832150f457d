import { useTranslation } from "react-i18next";
import type { Attribute, Entity } from "../../api/entities";
import { cx } from "../../components/cx";
import { pick } from "../../format/language";
import { attributeName } from "../../format/names";
import { formatAge, formatMoment } from "../../format/times";
import { formatValue } from "../../format/units";
import styles from "./Detail.module.css";
import { qualityOf } from "./quality";
import { isSilent, stepOfAttribute } from "./seeing";

interface Props {
  entity: Entity;
  measured: readonly [string, Attribute][];
  now: number;
  charted: string | undefined;
  onChart: (name: string) => void;
}

/** What is measured, each with its age and what is said of its quality; a number is drawn when its name is pressed. */
export function Values({ measured, charted, ...others }: Props) {
  const { t } = useTranslation("live");
  return (
    <>
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
          {measured.map(([name, attribute]) => (
            <ValueRow key={name} name={name} attribute={attribute} isCharted={name === charted} {...others} />
          ))}
        </tbody>
      </table>
    </>
  );
}

type RowProps = Pick<Props, "entity" | "now" | "onChart"> & { name: string; attribute: Attribute; isCharted: boolean };

function ValueRow({ entity, name, attribute, now, isCharted, onChart }: RowProps) {
  const { t } = useTranslation("live");
  const isNumber = typeof attribute.value === "number";
  return (
    <tr className={cx(isCharted && styles.charted)}>
      <th scope="row">
        {isNumber ? (
          <button type="button" aria-pressed={isCharted} onClick={() => onChart(name)} title={t("detail.chart")}>
            {attributeName(name)}
          </button>
        ) : (
          attributeName(name)
        )}
      </th>
      <ValueCell entity={entity} name={name} attribute={attribute} />
      <AgeCell at={attribute.at} now={now} />
    </tr>
  );
}

function ValueCell({ entity, name, attribute }: { entity: Entity; name: string; attribute: Attribute }) {
  const step = stepOfAttribute(entity, name, attribute);
  return (
    <td className="numbers">
      {formatValue(name, attribute.value, attribute.unitCode)}
      {step !== undefined && <small className={styles.soft}>{pick(step.name)}</small>}
      {qualityOf(attribute).map((quality) => (
        <small key={quality} className={styles.quality}>
          {quality}
        </small>
      ))}
    </td>
  );
}

function AgeCell({ at, now }: { at: number | undefined; now: number }) {
  const { t } = useTranslation("live");
  if (at === undefined) return <td className={styles.soft}>–</td>;
  const isStale = isSilent(at, now);
  return (
    <td className={cx(styles.soft, isStale && styles.stale)} title={formatMoment(at)}>
      {formatAge(at, now)}
      {isStale && <small>{t("detail.silent")}</small>}
    </td>
  );
}
