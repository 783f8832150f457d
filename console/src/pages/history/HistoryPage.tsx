import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "../../app/router";
import { Button } from "../../components/Button";
import { EmptyState, ErrorState, Loading } from "../../components/states";
import { Notice } from "../../components/states";
import { formatMoment } from "../../format/times";
import { getLanguage } from "../../i18n";
import { Actions } from "./Actions";
import { useMeasured } from "./catalogue";
import { Conditions } from "./Conditions";
import { FigureView } from "./FigureView";
import styles from "./History.module.css";
import { loadRanking } from "./load";
import { bucketOf, completed, isComplete, MAX_SHOWN, type Question } from "./logic/question";
import { windowsOf } from "./logic/compare";
import { spanOf } from "./logic/period";
import { columnOf, comparable, firstPlaces, rank } from "./logic/ranking";
import { Ranking } from "./Ranking";
import { Start } from "./Start";
import { useFigure } from "./useFigure";
import { type Change, useQuestion } from "./useQuestion";
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
  const language = getLanguage();
  const asked = { types: question.types, ids: question.ids, attributes: question.attributes, asOf: question.asOf };
  const ranking = useQuery({
    queryKey: ["history", "ranking", asked, span, language],
    queryFn: ({ signal }) => loadRanking(question, span, language, signal),
    enabled: isReady,
    staleTime: Infinity,
  });
  const ranked = useMemo(() => rank(ranking.data ?? [], columnOf(question.methods[0])), [ranking.data, question.methods]);
  const shown = useMemo(
    () => (question.shown.length > 0 ? question.shown : firstPlaces(comparable(ranked), question.years > 0 ? FIRST_COMPARED : FIRST_SHOWN)).slice(0, MAX_SHOWN),
    [question.shown, question.years, ranked],
  );
  const windows = useMemo(() => windowsOf(span, question.years, question.alignment), [span, question.years, question.alignment]);
  const drawn = useMemo(() => (isReady && shown.length > 0 ? { ...question, ids: shown } : undefined), [isReady, question, shown]);
  const figure = useFigure(drawn, windows, bucket);
  return (
    <div className={styles.columns}>
      <Conditions question={given} completed={question} measured={measured} span={span} bucket={bucket} change={change} />
      <div className={styles.results}>
        {question.asOf !== undefined && <Fixed asOf={question.asOf} change={change} />}
        {measured.isError && <ErrorState error={measured.error} onRetry={() => void measured.refetch()} />}
        {measured.data !== undefined && !isReady && <EmptyState title={t("what.noAttributes")} />}
        {isReady && ranking.isPending && <Loading label={t("ranking.loading")} />}
        {ranking.isError && <ErrorState error={ranking.error} onRetry={() => void ranking.refetch()} />}
        {ranking.data?.length === 0 && (
          <EmptyState icon="history" title={t("figure.emptyTitle")}>
            {t("figure.emptyText")}
          </EmptyState>
        )}
        {ranked.length > 0 && (
          <>
            <Ranking.Answer ranked={ranked} by={columnOf(question.methods[0])} />
            <FigureView figure={figure} question={question} span={span} bucket={bucket} change={change}>
              {(loaded, charts) => (
                <Actions question={question} shown={shown} places={new Set(ranked.map((one) => one.entityId)).size} span={span} bucket={bucket} now={now} loaded={loaded} charts={charts} />
              )}
            </FigureView>
            <Ranking.Table ranked={ranked} by={columnOf(question.methods[0])} shown={shown} restricted={question.ids} change={change} />
          </>
        )}
      </div>
    </div>
  );
}

function Fixed({ asOf, change }: { asOf: string; change: Change }) {
  const { t } = useTranslation("history");
  const [isGone, setGone] = useState(false);
  if (isGone) return null;
  return (
    <Notice>
      {t("figure.fixed", { time: formatMoment(asOf) })}{" "}
      <Button
        kind="quiet"
        onClick={() => {
          setGone(true);
          change({ asOf: undefined });
        }}
      >
        {t("figure.newest")}
      </Button>
    </Notice>
  );
}
