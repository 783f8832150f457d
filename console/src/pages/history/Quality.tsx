import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { send } from "../../api/client";
import { Button } from "../../components/Button";
import { ErrorState, Loading } from "../../components/states";
import { attributeName } from "../../format/names";
import { formatCount, formatShare } from "../../format/numbers";
import { formatMoment } from "../../format/times";
import { getLanguage } from "../../i18n";
import styles from "./History.module.css";
import type { Loaded } from "./load";
import { DAY } from "./logic/jst";
import { daysOf, type Span } from "./logic/period";
import type { Question } from "./logic/question";
import { placeName } from "./titles";
import { useToday } from "./useToday";

const LONG_MS = 120_000;

/** Where the figures come from, and (asked for) how complete they are. */
export function Quality({ loaded, question, span }: { loaded: Loaded; question: Question; span: Span }) {
  const { t } = useTranslation("history");
  const [isAsked, setAsked] = useState(false);
  const { about } = loaded;
  return (
    <details className={styles.more}>
      <summary>{t("quality.title")}</summary>
      <dl className={styles.facts}>
        <dt>{t("quality.version")}</dt>
        <dd>{formatMoment(about.dataVersion)}</dd>
        <dt>{t("quality.source")}</dt>
        <dd>{t(about.source === undefined || about.source === "raw" ? "quality.sourceRaw" : "quality.sourceAggregates")}</dd>
        <dt>{t("quality.corrections")}</dt>
        <dd>{t("quality.correctionsCount", { count: about.corrections })}</dd>
        {about.licence?.name !== undefined && (
          <>
            <dt>{t("quality.licence")}</dt>
            <dd>{about.licence.url === undefined ? about.licence.name : <a href={about.licence.url}>{about.licence.name}</a>}</dd>
          </>
        )}
        {about.attribution !== undefined && (
          <>
            <dt>{t("quality.attribution")}</dt>
            <dd>{about.attribution}</dd>
          </>
        )}
      </dl>
      {isAsked ? <Completeness ids={placesOf(loaded)} question={question} span={span} /> : <Button onClick={() => setAsked(true)}>{t("quality.check")}</Button>}
    </details>
  );
}

const placesOf = (loaded: Loaded): string[] => [...new Set(loaded.series.map((one) => one.entityId))];

interface SeriesCount {
  readonly entityId: string;
  readonly entityName?: string;
  readonly attribute: string;
  readonly datasetId?: string;
  readonly expected?: number | null;
  readonly received: number;
  readonly late: number;
  readonly corrected: number;
}

function Completeness({ ids, question, span }: { ids: readonly string[]; question: Question; span: Span }) {
  const { t } = useTranslation("history");
  const tomorrow = useToday() + DAY;
  const until = Math.min(span.to, tomorrow);
  const { first, last } = daysOf({ from: span.from, to: Math.max(until, span.from + 1) });
  const found = useQuery({
    queryKey: ["history", "completeness", ids, question.attributes, first, last, getLanguage()],
    queryFn: async ({ signal }) => {
      const asked = new URLSearchParams({ id: ids.join(","), attributes: question.attributes.join(","), from: first, to: last, format: "json", lang: getLanguage() });
      const response = await send(`/api/v1/completeness?${asked.toString()}`, { signal }, LONG_MS);
      return ((await response.json()) as { series: SeriesCount[] }).series;
    },
    enabled: span.from < tomorrow,
  });
  if (span.from >= tomorrow) return <p>{t("quality.future")}</p>;
  if (found.isPending) return <Loading label={t("quality.checking")} />;
  if (found.isError) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />;
  return (
    <div className={styles.scroller} role="region" aria-label={t("quality.caption")} tabIndex={0}>
      <table className={`${styles.table ?? ""} numbers`}>
        <caption className="visually-hidden">{t("quality.caption")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("quality.series")}</th>
            {(["expected", "received", "share", "late", "corrected"] as const).map((name) => (
              <th key={name} scope="col" className={styles.number}>
                {t(`quality.${name}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {found.data.map((one) => (
            <tr key={`${one.entityId} ${one.attribute} ${one.datasetId ?? ""}`}>
              <th scope="row">
                {placeName(one.entityName ?? "", one.entityId)} {attributeName(one.attribute)}
              </th>
              <td className={styles.number}>{typeof one.expected === "number" ? formatCount(one.expected) : t("quality.unknown")}</td>
              <td className={styles.number}>{formatCount(one.received)}</td>
              <td className={styles.number}>{typeof one.expected === "number" && one.expected > 0 ? formatShare(Math.min(1, one.received / one.expected), 1) : "–"}</td>
              <td className={styles.number}>{formatCount(one.late)}</td>
              <td className={styles.number}>{formatCount(one.corrected)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
