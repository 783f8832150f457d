import { createRef, type ReactNode, type RefObject, useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Chart, type ChartHandle, type ChartSeries } from "../../components/Chart";
import { remPx } from "../../components/chart/drawing";
import { ErrorState, Notice } from "../../components/states";
import { attributeName } from "../../format/names";
import { formatCount } from "../../format/numbers";
import { formatMoment } from "../../format/times";
import { Gaps } from "./Gaps";
import styles from "./History.module.css";
import type { Loaded, Progress } from "./load";
import { type Bucket, MAX_POINTS, nextBucket } from "./logic/bucket";
import { panelsOf, type Panel, pointsOf } from "./logic/chartData";
import { MINUTE } from "./logic/jst";
import type { Span } from "./logic/period";
import type { Question } from "./logic/question";
import { shapeOf } from "./measures";
import { Quality } from "./Quality";
import { nameOf, periodName, timeWriter } from "./titles";
import type { Figure } from "./useFigure";
import type { Change } from "./useQuestion";
import { ValueTable } from "./ValueTable";

const HEIGHT_REM = 22.5;

/** What a picture is made of: a title and a handle for each chart. */
export interface DrawnChart {
  readonly title: string;
  readonly handle: RefObject<ChartHandle | null>;
  readonly names: readonly string[];
}

interface Props {
  figure: Figure;
  question: Question;
  span: Span;
  bucket: Bucket;
  change: Change;
  children: (loaded: Loaded, charts: readonly DrawnChart[]) => ReactNode;
}

export function FigureView({ figure, ...props }: Props) {
  const { t } = useTranslation("history");
  return (
    <section className={styles.section} aria-labelledby="history-figure" aria-busy={figure.state === "loading"}>
      <h2 id="history-figure" className="visually-hidden">
        {t("figure.title")}
      </h2>
      {figure.state === "loading" && <Reading progress={figure.progress} onCancel={figure.cancel} />}
      {figure.state === "cancelled" && <Stopped onAgain={figure.again} />}
      {figure.state === "failed" && <ErrorState error={figure.error} onRetry={figure.again} />}
      {figure.state === "ready" && <Drawn loaded={figure.loaded} {...props} />}
    </section>
  );
}

/** The wait was ended; nothing is lost. */
export function Stopped({ onAgain }: { onAgain: () => void }) {
  const { t } = useTranslation("history");
  return (
    <Notice>
      {t("figure.cancelled")} <Button onClick={onAgain}>{t("figure.again")}</Button>
    </Notice>
  );
}

function Reading({ progress, onCancel }: { progress: Progress; onCancel: () => void }) {
  const { t } = useTranslation("history");
  const points = formatCount(progress.points);
  return (
    <div className={styles.reading}>
      <p>{t("figure.reading", { points })}</p>
      <progress max={1} value={progress.share} aria-label={t("figure.progress")} />
      <Button icon="close" onClick={onCancel}>
        {t("figure.cancel")}
      </Button>
    </div>
  );
}

function Drawn({ loaded, question, span, bucket, change, children }: Omit<Props, "figure"> & { loaded: Loaded }) {
  const { t } = useTranslation("history");
  const panels = useMemo(() => panelsOf(loaded.series), [loaded]);
  const handles = useMemo(() => panels.map(() => createRef<ChartHandle>()), [panels]);
  const canZoom = question.years === 0;
  const zoom = useCallback(
    (from: number, to: number) => {
      const round = (time: number) => Math.round(time / MINUTE) * MINUTE;
      const next = { from: round(from), to: Math.max(round(to), round(from) + MINUTE) };
      change({ period: { kind: "exact", ...next }, bucket: undefined });
    },
    [change],
  );
  const charts = panels.map((panel, index): DrawnChart => ({
    title: titleOf(panel),
    handle: handles[index] ?? createRef<ChartHandle>(),
    names: panel.series.map((one) => nameOf(one, loaded.series, span, t)),
  }));
  return (
    <>
      {panels.map((panel, index) => (
        <PanelView key={`${panel.unit} ${panel.attribute}`} panel={panel} chart={charts[index]} loaded={loaded} question={question} span={span} bucket={bucket} {...(canZoom && { onZoom: zoom })} />
      ))}
      <p className={styles.soft}>
        {t("figure.points", { count: loaded.points })}
        {canZoom && ` · ${t("figure.zoom")}`}
      </p>
      {isUnfinished(loaded, bucket) && <Notice>{t("figure.unfinished")}</Notice>}
      {loaded.isCut && <Notice kind="warn">{t("figure.cut", { points: formatCount(MAX_POINTS) })}</Notice>}
      {loaded.notNumbers > 0 && <Notice>{t("figure.notNumbers", { count: loaded.notNumbers })}</Notice>}
      {hasLeapDay(loaded) && <Notice>{t("figure.leap")}</Notice>}
      {children(loaded, charts)}
      <Gaps loaded={loaded} bucket={bucket} span={span} />
      <ValueTable loaded={loaded} bucket={bucket} span={span} />
      <Quality loaded={loaded} question={question} span={span} />
    </>
  );
}

/** The last bucket goes on beyond what is known. */
function isUnfinished(loaded: Loaded, bucket: Bucket): boolean {
  if (bucket === "none") return false;
  const known = Date.parse(loaded.about.dataVersion);
  return loaded.series.some((one) => one.yearsBefore === 0 && nextBucket(bucket, one.times.at(-1) ?? 0) > known);
}

/** A day that exists in a former year and not on the axis. */
function hasLeapDay(loaded: Loaded): boolean {
  return loaded.series.some((one) => one.yearsBefore > 0 && one.times.some((time) => loaded.windows[one.yearsBefore]?.align(time) === undefined));
}

function titleOf(panel: Panel): string {
  const names = [...new Set(panel.series.map((one) => attributeName(one.attribute)))];
  const first = panel.series[0];
  const unit = first === undefined ? panel.unit : shapeOf(first.attribute, first.unit, first.method).unit;
  return unit === "" ? names.join(" · ") : `${names.join(" · ")} [${unit}]`;
}

function PanelView({
  panel,
  chart,
  loaded,
  question,
  span,
  bucket,
  onZoom,
}: {
  panel: Panel;
  chart: DrawnChart | undefined;
  loaded: Loaded;
  question: Question;
  span: Span;
  bucket: Bucket;
  onZoom?: (from: number, to: number) => void;
}) {
  const { t } = useTranslation("history");
  const curves = useMemo(
    () =>
      panel.series.map((one, index): ChartSeries => {
        const shape = shapeOf(one.attribute, one.unit, one.method);
        return {
          label: chart?.names[index] ?? one.entityName,
          unit: shape.unit,
          decimals: shape.decimals,
          points: pointsOf(one, loaded.windows, bucket, shape.factor),
        };
      }),
    // The names follow from the same things
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [panel, loaded, bucket],
  );
  const title = chart?.title ?? "";
  const label = t("figure.of", { what: title, when: periodName(question.period, span), bucket: t(`bucket.${bucket}`) });
  return (
    <div className={styles.panel}>
      <h3>{label}</h3>
      {question.asOf !== undefined && <p className="visually-hidden">{formatMoment(question.asOf)}</p>}
      <Chart label={label} series={curves} from={span.from} to={span.to} height={Math.round(remPx(HEIGHT_REM))} formatAt={timeWriter(bucket)} {...(onZoom && { onZoom })} {...(chart && { handle: chart.handle })} />
    </div>
  );
}
