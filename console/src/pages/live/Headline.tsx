import { useTranslation } from "react-i18next";
import { type Entity, mainAttribute } from "../../api/entities";
import { cx } from "../../components/cx";
import { pick } from "../../format/language";
import { attributeName, typeName } from "../../format/names";
import { formatAge, formatMoment } from "../../format/times";
import { showValue } from "../../format/units";
import styles from "./Detail.module.css";
import { isSilent, stepOfAttribute } from "./seeing";

/** What it is, and the value that stands for it. */
export function Headline({ entity, now }: { entity: Entity; now: number }) {
  return (
    <header className={styles.head}>
      <p className={styles.soft}>{entity.types.map(typeName).join("・")}</p>
      <h2>{entity.name}</h2>
      <MainValue entity={entity} now={now} />
    </header>
  );
}

function MainValue({ entity, now }: { entity: Entity; now: number }) {
  const { t } = useTranslation("live");
  const main = mainAttribute(entity);
  if (main === undefined) return null;
  const [name, attribute] = main;
  const { text, unit } = showValue(name, attribute.value, attribute.unitCode);
  const step = stepOfAttribute(entity, name, attribute);
  return (
    <div className={styles.headline} data-level={step?.level ?? "none"}>
      <p className={styles.soft}>{attributeName(name)}</p>
      <p className={styles.reading}>
        <span className={cx(styles.big, "numbers")}>
          {text} <small>{unit}</small>
        </span>
        {step !== undefined && <strong>{pick(step.name)}</strong>}
      </p>
      {attribute.at !== undefined && (
        <p className={styles.soft}>
          {t("detail.when", { age: formatAge(attribute.at, now), moment: formatMoment(attribute.at) })} {isSilent(attribute.at, now) && <strong className={styles.stale}>{t("detail.silent")}</strong>}
        </p>
      )}
    </div>
  );
}
