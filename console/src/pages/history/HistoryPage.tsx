import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "../../app/router";
import { Button } from "../../components/Button";
import { EmptyState, ErrorState, Loading, Notice } from "../../components/states";
import { formatMoment } from "../../format/times";
import { Actions } from "./Actions";
import { Answer } from "./Answer";
import { useMeasured } from "./catalogue";
import { Conditions } from "./Conditions";
import { FigureView, Stopped } from "./FigureView";
import styles from "./History.module.css";
import type { Bucket } from "./logic/bucket";
import { windowsOf } from "./logic/compare";
import { type Span, spanOf } from "./logic/period";
import { bucketOf, completed, isComplete, MAX_SHOWN, type Question } from "./logic/question";
import { columnOf, comparable, firstPlaces, rank, type Ranked } from "./logic/ranking";
import { Ranking } from "./Ranking";
import { Start } from "./Start";
import { useFigure } from "./useFigure";
import { type Change, useQuestion } from "./useQuestion";
import { useRanking } from "./useRanking";
import { useToday } from "./useToday";

const FIRST_SHOWN = 6;
/** Each has a curve per year. */
const FIRST_COMPARED = 1;

export default function HistoryPage() {
  const { t } = useTranslation("history");
  const [question, change] = useQuestion();
  const isAsked = question.types.length > 0 || question.ids.length > 0;
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <h1>{t("title")}</h1>
        {isAsked ? (
          <Link to="/history">{t("restart")}</Link>
        ) : (
          <p className={styles.lead}>{t("lead")}</p>
        )}
      </header>
      {isAsked ? <Asked question={question} change={change} /> : <Start change={change} />}
    </div>
  );
}

function Asked({ question: given, change }: { question: Question; change: Change }) {
  const { t } = useTranslation("history");
  const measured = useMeasured(given.types, given.ids);
  const question = useMemo(() => completed(given, measured.data?.usual), [given, measured.data]);
  const now = useToday();
  const span = useMemo(() => spanOf(question.period, now), [question.period, now]);
  const bucket = bucketOf(question, span);
  const isReady = isComplete(question);
  return (
    <div className={styles.columns}>
      <Conditions question={given} completed={question} measured={measured} span={span} bucket={bucket} change={change} />
      <div className={styles.results}>
        {question.asOf !== undefined && <Fixed asOf={question.asOf} change={change} />}
        {measured.isError && <ErrorState error={measured.error} onRetry={() => void measured.refetch()} />}
        {measured.data !== undefined && !isReady && <EmptyState title={t("what.noAttributes")} />}
        {isReady && <Results question={question} span={span} bucket={bucket} now={now} change={change} />}
      </div>
    </div>
  );
}

interface ResultsProps {
  question: Question;
  span: Span;
  bucket: Bucket;
  now: number;
  change: Change;
}

/** The ranking of all places says which of them the figure draws, unless they are named. */
function Results({ question, span, bucket, now, change }: ResultsProps) {
  const { t } = useTranslation("history");
  const ranking = useRanking(question, span);
  const by = columnOf(question.methods[0]);
  const ranked = useMemo(() => rank(ranking.data ?? [], by), [ranking.data, by]);
  const shown = useMemo(() => shownOf(question, ranked), [question, ranked]);
  const windows = useMemo(() => windowsOf(span, question.years, question.alignment), [span, question.years, question.alignment]);
  const drawn = useMemo(() => (shown.length > 0 ? { ...question, ids: shown } : undefined), [question, shown]);
  const figure = useFigure(drawn, windows, bucket);
  if (ranking.state === "cancelled") return <Stopped onAgain={ranking.again} />;
  if (ranking.state === "loading") return <Loading label={t("ranking.loading")} onCancel={ranking.cancel} />;
  if (ranking.state === "failed") return <ErrorState error={ranking.error} onRetry={ranking.again} />;
  if (ranked.length === 0) {
    return (
      <EmptyState icon="history" title={t("figure.emptyTitle")}>
        {t("figure.emptyText")}
      </EmptyState>
    );
  }
  const places = new Set(ranked.map((one) => one.entityId)).size;
  return (
    <>
      <Answer ranked={ranked} by={by} />
      <FigureView figure={figure} question={question} span={span} bucket={bucket} change={change}>
        {(loaded, charts) => <Actions question={question} shown={shown} places={places} span={span} bucket={bucket} now={now} loaded={loaded} charts={charts} />}
      </FigureView>
      <Ranking ranked={ranked} by={by} shown={shown} restricted={question.ids} change={change} />
    </>
  );
}

function shownOf(question: Question, ranked: readonly Ranked[]): readonly string[] {
  const chosen = question.shown.length > 0 ? question.shown : firstPlaces(comparable(ranked), question.years > 0 ? FIRST_COMPARED : FIRST_SHOWN);
  return chosen.slice(0, MAX_SHOWN);
}

function Fixed({ asOf, change }: { asOf: string; change: Change }) {
  const { t } = useTranslation("history");
  return (
    <Notice>
      {t("figure.fixed", { time: formatMoment(asOf) })}{" "}
      <Button kind="quiet" onClick={() => change({ asOf: undefined })}>
        {t("figure.newest")}
      </Button>
    </Notice>
  );
}
