import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Attribute, Entity } from "../../api/entities";
import { getSeries } from "../../api/series";
import { Choice } from "../../components/Field";
import { ErrorState, Loading } from "../../components/states";
import { attributeName } from "../../format/names";
import { scaleOf } from "../../format/scales";
import { DAY, formatMoment, HOUR } from "../../format/times";
import { measureOf } from "../../format/units";
import { pick } from "../../format/language";
import styles from "./Detail.module.css";

const Chart = lazy(() => import("../../components/Chart").then((module) => ({ default: module.Chart })));

const SPANS = { hour: HOUR, day: DAY, week: 7 * DAY } as const;
type Span = keyof typeof SPANS;
const REFRESH_MS = 60_000;

/** The last hour, day or week of one attribute. */
export function MiniChart({ id, name, attribute, entity }: { id: string; name: string; attribute: Attribute; entity: Entity }) {
  const { t } = useTranslation("live");
  const [span, setSpan] = useState<Span>("day");
  const asked = useQuery({
    queryKey: ["series", id, name, span],
    queryFn: ({ signal }) => getSeries(id, name, Date.now() - SPANS[span], SPANS[span], signal),
    refetchInterval: REFRESH_MS,
  });
  const { factor, decimals, unit } = measureOf(name, attribute.unitCode);
  const series = useMemo(
    () => [
      {
        label: attributeName(name),
        unit,
        decimals: decimals ?? 1,
        points: (asked.data ?? []).map(([at, value]) => [at, value === null ? null : value * factor] as const),
      },
    ],
    [asked.data, name, unit, decimals, factor],
  );
  const marks = useMemo(() => marksOf(name, entity, factor, attribute.unitCode), [name, entity, factor, attribute.unitCode]);
  const label = `${entity.name} ${attributeName(name)}, ${t(`span.${span}`)}`;
  return (
    <div className={styles.chart}>
      <Choice
        label={t("span.label")}
        isLabelHidden
        value={span}
        options={(["hour", "day", "week"] as const).map((each) => ({ value: each, label: t(`span.${each}`) }))}
        onChange={setSpan}
      />
      {asked.isError ? (
        <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />
      ) : asked.isPending ? (
        <Loading />
      ) : asked.data.length === 0 ? (
        <p className={styles.soft}>{t("detail.noHistory")}</p>
      ) : (
        <Suspense fallback={<Loading />}>
          <Chart label={label} series={series} marks={marks} from={asked.dataUpdatedAt - SPANS[span]} to={asked.dataUpdatedAt} height={170} isSmall formatAt={formatMoment} />
        </Suspense>
      )}
    </div>
  );
}

/** Lines for what is worth a look: limits of the place itself, else the scale's third level. */
function marksOf(name: string, entity: Entity, factor: number, unitCode: string | undefined): { value: number; label: string }[] {
  if (name === "currentLevel") {
    return ["alertLevel", "dangerLevel"].flatMap((limit) => {
      const value = entity.attributes.get(limit)?.value;
      return typeof value === "number" ? [{ value: value * factor, label: attributeName(limit) }] : [];
    });
  }
  const scale = scaleOf(name);
  if (scale === undefined || name === "temperature" || (scale.units !== undefined && !scale.units.includes(unitCode ?? ""))) return [];
  const step = scale.steps.find((each) => each.level === 2 && Number.isFinite(each.from));
  return step === undefined ? [] : [{ value: step.from * factor, label: pick(step.name) }];
}
