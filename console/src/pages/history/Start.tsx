import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { EntityPicker } from "../../components/EntityPicker";
import { Icon, type IconName } from "../../components/Icon";
import { EmptyState, ErrorState, Loading } from "../../components/states";
import { attributeName, mainAttributes, themeOf, type Theme, typeName } from "../../format/names";
import { formatFiscalYear } from "../../format/times";
import { useTypes } from "./catalogue";
import styles from "./History.module.css";
import { fiscalYearOf } from "./logic/jst";
import { lastMonth } from "./logic/period";
import { NOTHING_ASKED, type Question } from "./logic/question";
import type { Change } from "./useQuestion";
import { useToday } from "./useToday";

const ICONS: Record<Theme, IconName> = { environment: "air", traffic: "traffic", people: "people", water: "water", energy: "energy", other: "other" };

/** Nothing is asked yet: what people often ask, the kinds there are, and a search by name. */
export function Start({ change }: { change: Change }) {
  const { t } = useTranslation("history");
  const types = useTypes();
  if (types.isPending) return <Loading />;
  if (types.isError) return <ErrorState error={types.error} onRetry={() => void types.refetch()} />;
  if (types.data.length === 0) {
    return (
      <EmptyState icon="history" title={t("start.emptyTitle")}>
        {t("start.emptyText")}
      </EmptyState>
    );
  }
  return (
    <div className={styles.start}>
      <Examples types={types.data} change={change} />
      <section aria-labelledby="history-types">
        <h2 id="history-types">{t("start.types")}</h2>
        <ul className={styles.cards}>
          {types.data.map((type) => (
            <li key={type}>
              <button type="button" className={styles.card} onClick={() => change({ types: [type] })}>
                <Icon name={ICONS[themeOf(type)]} size={28} />
                <span>{typeName(type)}</span>
                <span className={styles.soft}>{mainAttributes(type).slice(0, 2).map(attributeName).join("、")}</span>
              </button>
            </li>
          ))}
        </ul>
      </section>
      <section aria-labelledby="history-search">
        <h2 id="history-search">{t("start.search")}</h2>
        <p className={styles.soft}>{t("start.searchHint")}</p>
        <div className={styles.search}>
          <EntityPicker label={t("start.search")} value={[]} max={1} onChange={(ids) => change({ ids })} />
        </div>
      </section>
    </div>
  );
}

interface Example {
  readonly type: string;
  readonly text: string;
  readonly question: Partial<Question>;
}

function Examples({ types, change }: { types: readonly string[]; change: Change }) {
  const { t } = useTranslation("history");
  const now = useToday();
  const year = fiscalYearOf(now);
  const examples: Example[] = [
    { type: "NoiseLevelObserved", text: t("start.loudest"), question: { attributes: ["LAeq"], period: lastMonth(now) } },
    {
      type: "AirQualityObserved",
      text: t("start.air", { year: formatFiscalYear(year) }),
      question: { attributes: ["pm25"], period: { kind: "fiscal", year }, bucket: "day" },
    },
    {
      type: "TrafficFlowObserved",
      text: t("start.traffic"),
      question: { attributes: ["intensity"], period: { kind: "days", count: 30 }, bucket: "day", years: 2, alignment: "weekday" },
    },
    { type: "WeatherObserved", text: t("start.warm"), question: { attributes: ["temperature"], period: { kind: "today" } } },
    { type: "FloodMonitoring", text: t("start.river"), question: { attributes: ["currentLevel"], period: { kind: "days", count: 7 } } },
  ];
  const fitting = examples.filter((one) => types.includes(one.type));
  if (fitting.length === 0) return null;
  return (
    <section aria-labelledby="history-examples">
      <h2 id="history-examples">{t("start.examples")}</h2>
      <ul className={styles.examples}>
        {fitting.map((one) => (
          <li key={one.text}>
            <Button icon="chevron" onClick={() => change({ ...NOTHING_ASKED, ...one.question, types: [one.type] })}>
              {one.text}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
