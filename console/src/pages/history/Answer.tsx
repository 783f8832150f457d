import { useTranslation } from "react-i18next";
import { attributeName } from "../../format/names";
import styles from "./History.module.css";
import { comparable, rank, type Ranked, type RankedBy } from "./logic/ranking";
import { shapeOf, writeWithUnit } from "./measures";
import { placeName } from "./titles";

/** The answer in a sentence: who is the highest, who the lowest. */
export function Answer({ ranked, by }: { ranked: readonly Ranked[]; by: RankedBy }) {
  const { t } = useTranslation("history");
  const attribute = ranked[0]?.attribute;
  const asked = ranked.filter((one) => one.attribute === attribute);
  const ordered = rank(comparable(asked), by === "min" ? "avg" : by);
  const left = asked.length - ordered.length;
  const [first, last] = [ordered[0], ordered.at(-1)];
  if (first === undefined || last === undefined) return null;
  const shape = shapeOf(first.attribute, first.unit, by);
  const words = { attribute: attributeName(first.attribute), method: t(`method.${by}`) };
  const text =
    first === last
      ? t("ranking.single", { ...words, place: placeName(first.name, first.entityId), value: writeWithUnit(first[by], shape) })
      : t("ranking.answer", {
          ...words,
          first: placeName(first.name, first.entityId),
          firstValue: writeWithUnit(first[by], shape),
          last: placeName(last.name, last.entityId),
          lastValue: writeWithUnit(last[by], shape),
        });
  return (
    <div className={styles.answer} role="status">
      <p>{text}</p>
      {left > 0 && <p className={styles.soft}>{t("ranking.left", { count: left })}</p>}
    </div>
  );
}
