import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { CheckBox, TextField } from "../../components/Field";
import { Notice } from "../../components/states";
import { attributeName } from "../../format/names";
import styles from "./History.module.css";
import { MAX_SHOWN } from "./logic/question";
import { COLUMNS, comparable, matches, rank, type Ranked, type RankedBy } from "./logic/ranking";
import { shapeOf, write, writeWithUnit } from "./measures";
import { placeName } from "./titles";
import type { Change } from "./useQuestion";

const FEW = 10;

/** The answer in a sentence: who is the highest, who the lowest. */
function Answer({ ranked, by }: { ranked: readonly Ranked[]; by: RankedBy }) {
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

interface Props {
  ranked: readonly Ranked[];
  by: RankedBy;
  shown: readonly string[];
  restricted: readonly string[];
  change: Change;
}

function RankingTable({ ranked, by, shown, restricted, change }: Props) {
  const { t } = useTranslation("history");
  const [chosen, setChosen] = useState<RankedBy>();
  const [search, setSearch] = useState("");
  const [isLong, setLong] = useState(false);
  const column = chosen ?? by;
  const ordered = useMemo(() => rank(ranked, column).map((one, index) => ({ ...one, rank: index + 1 })), [ranked, column]);
  const found = ordered.filter((one) => matches(one, search));
  const lines = isLong || search !== "" ? found : found.slice(0, FEW);
  const hasAttributes = new Set(ranked.map((one) => one.attribute)).size > 1;
  const columns = COLUMNS.filter((one) => one !== "sum" || by === "sum" || chosen === "sum");
  const isFull = shown.length >= MAX_SHOWN;
  const toggle = (id: string, isOn: boolean) => change({ shown: isOn ? [...shown, id] : shown.filter((one) => one !== id) });
  return (
    <section className={styles.section} aria-labelledby="history-ranking">
      <div className={styles.sectionHead}>
        <h2 id="history-ranking">{t("ranking.title")}</h2>
        {shown.length > 0 && new Set(ranked.map((one) => one.entityId)).size > shown.length && (
          <Button kind="quiet" onClick={() => change({ ids: [...shown], shown: [...shown] })}>
            {t("ranking.onlyShown", { count: shown.length })}
          </Button>
        )}
      </div>
      {(ordered.length > FEW || restricted.length > 0) && (
        <div className={styles.search}>
          <TextField label={t("ranking.search")} type="search" value={search} onChange={(event) => setSearch(event.target.value)} />
        </div>
      )}
      {isFull && <Notice>{t("ranking.full", { count: MAX_SHOWN })}</Notice>}
      <div className={styles.scroller} role="region" aria-label={t("ranking.region")} tabIndex={0}>
        <table className={`${styles.table ?? ""} numbers`}>
          <thead>
            <tr>
              <th scope="col">{t("ranking.shown")}</th>
              <th scope="col">{t("ranking.rank")}</th>
              <th scope="col">{t("ranking.place")}</th>
              {hasAttributes && <th scope="col">{t("ranking.attribute")}</th>}
              {columns.map((one) => (
                <th key={one} scope="col" className={styles.number} aria-sort={one === column ? (one === "min" ? "ascending" : "descending") : undefined}>
                  <button type="button" onClick={() => setChosen(one)}>
                    {t(`method.${one}`)}
                    <span aria-hidden="true">{one === column ? (one === "min" ? " ▲" : " ▼") : ""}</span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.map((one) => (
              <Line key={`${one.entityId} ${one.attribute} ${one.unit}`} one={one} columns={columns} hasAttributes={hasAttributes} isShown={shown.includes(one.entityId)} isFull={isFull} onToggle={toggle} />
            ))}
          </tbody>
        </table>
      </div>
      {found.length === 0 && <p>{t("ranking.none")}</p>}
      {search === "" && found.length > FEW && (
        <Button kind="quiet" onClick={() => setLong(!isLong)}>
          {isLong ? t("ranking.fewer") : t("ranking.all", { count: found.length })}
        </Button>
      )}
    </section>
  );
}

function Line({
  one,
  columns,
  hasAttributes,
  isShown,
  isFull,
  onToggle,
}: {
  one: Ranked & { rank: number };
  columns: readonly RankedBy[];
  hasAttributes: boolean;
  isShown: boolean;
  isFull: boolean;
  onToggle: (id: string, isOn: boolean) => void;
}) {
  const { t } = useTranslation("history");
  const place = placeName(one.name, one.entityId);
  return (
    <tr>
      <td>
        <CheckBox
          label={<span className="visually-hidden">{t("ranking.show", { place })}</span>}
          checked={isShown}
          disabled={!isShown && isFull}
          onChange={(event) => onToggle(one.entityId, event.target.checked)}
        />
      </td>
      <td>{one.rank}</td>
      <th scope="row">{place}</th>
      {hasAttributes && <td>{attributeName(one.attribute)}</td>}
      {columns.map((column) => {
        const shape = shapeOf(one.attribute, one.unit, column);
        return (
          <td key={column} className={styles.number}>
            {write(one[column], shape)} <span className={styles.soft}>{shape.unit}</span>
          </td>
        );
      })}
    </tr>
  );
}

export const Ranking = { Answer, Table: RankingTable };
