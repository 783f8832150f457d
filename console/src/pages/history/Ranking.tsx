import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { TextField } from "../../components/Field";
import { Notice } from "../../components/states";
import styles from "./History.module.css";
import { MAX_SHOWN } from "./logic/question";
import { COLUMNS, matches, rank, type Ranked, type RankedBy } from "./logic/ranking";
import { RankingLine } from "./RankingLine";
import type { Change } from "./useQuestion";

const FEW = 10;

interface Props {
  ranked: readonly Ranked[];
  by: RankedBy;
  shown: readonly string[];
  restricted: readonly string[];
  change: Change;
}

/** All places with their figures over the whole period; which of them the figure draws is chosen here. */
export function Ranking({ ranked, by, shown, restricted, change }: Props) {
  const { t } = useTranslation("history");
  const [chosen, setChosen] = useState<RankedBy>();
  const [search, setSearch] = useState("");
  const [isLong, setLong] = useState(false);
  const column = chosen ?? by;
  const ordered = useMemo(() => rank(ranked, column).map((one, index) => ({ ...one, rank: index + 1 })), [ranked, column]);
  const found = ordered.filter((one) => matches(one, search));
  const lines = isLong || search !== "" ? found : found.slice(0, FEW);
  return (
    <section className={styles.section} aria-labelledby="history-ranking">
      <div className={styles.sectionHead}>
        <h2 id="history-ranking">{t("ranking.title")}</h2>
        <Scope places={[...new Set(ordered.map((one) => one.entityId))]} shown={shown} change={change} />
      </div>
      {(ordered.length > FEW || restricted.length > 0) && (
        <div className={styles.search}>
          <TextField label={t("ranking.search")} type="search" value={search} onChange={(event) => setSearch(event.target.value)} />
        </div>
      )}
      {shown.length >= MAX_SHOWN && <Notice>{t("ranking.full", { count: MAX_SHOWN })}</Notice>}
      <Lines lines={lines} by={by} column={column} hasAttributes={new Set(ranked.map((one) => one.attribute)).size > 1} shown={shown} onColumn={setChosen} change={change} />
      {found.length === 0 && <p>{t("ranking.none")}</p>}
      {search === "" && found.length > FEW && (
        <Button kind="quiet" onClick={() => setLong(!isLong)}>
          {isLong ? t("ranking.fewer") : t("ranking.all", { count: found.length })}
        </Button>
      )}
    </section>
  );
}

/** All of them in the figure, or the others out of the question. */
function Scope({ places, shown, change }: { places: readonly string[]; shown: readonly string[]; change: Change }) {
  const { t } = useTranslation("history");
  if (shown.length === 0 || places.length <= shown.length) return null;
  return (
    <div className={styles.actions}>
      <Button kind="quiet" onClick={() => change({ shown: places.slice(0, MAX_SHOWN) })}>
        {places.length > MAX_SHOWN ? t("ranking.showMost", { count: MAX_SHOWN }) : t("ranking.showAll", { count: places.length })}
      </Button>
      <Button kind="quiet" onClick={() => change({ ids: [...shown], shown: [...shown] })}>
        {t("ranking.onlyShown", { count: shown.length })}
      </Button>
    </div>
  );
}

interface LinesProps extends Pick<Props, "by" | "shown" | "change"> {
  lines: readonly (Ranked & { rank: number })[];
  column: RankedBy;
  hasAttributes: boolean;
  onColumn: (column: RankedBy) => void;
}

function Lines({ lines, by, column, hasAttributes, shown, onColumn, change }: LinesProps) {
  const { t } = useTranslation("history");
  const columns = COLUMNS.filter((one) => one !== "sum" || by === "sum" || column === "sum");
  const isFull = shown.length >= MAX_SHOWN;
  const toggle = (id: string, isOn: boolean) => change({ shown: isOn ? [...shown, id] : shown.filter((one) => one !== id) });
  const order = (one: RankedBy) => (one === "min" ? "ascending" : "descending");
  return (
    <div className={styles.scroller} role="region" aria-label={t("ranking.region")} tabIndex={0}>
      <table className={`${styles.table ?? ""} numbers`}>
        <thead>
          <tr>
            <th scope="col">{t("ranking.shown")}</th>
            <th scope="col">{t("ranking.rank")}</th>
            <th scope="col">{t("ranking.place")}</th>
            {hasAttributes && <th scope="col">{t("ranking.attribute")}</th>}
            {columns.map((one) => (
              <th key={one} scope="col" className={styles.number} aria-sort={one === column ? order(one) : undefined}>
                <button type="button" onClick={() => onColumn(one)}>
                  {t(`method.${one}`)}
                  <span aria-hidden="true">{one === column ? (one === "min" ? " ▲" : " ▼") : ""}</span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((one) => (
            <RankingLine key={`${one.entityId} ${one.attribute} ${one.unit}`} one={one} columns={columns} hasAttributes={hasAttributes} isShown={shown.includes(one.entityId)} isFull={isFull} onToggle={toggle} />
          ))}
        </tbody>
      </table>
    </div>
  );
}
