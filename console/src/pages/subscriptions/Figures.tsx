import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Chart } from "../../components/Chart";
import { Choice } from "../../components/Field";
import { ErrorState, Loading } from "../../components/states";
import { formatCount, formatNumber } from "../../format/numbers";
import { formatAge } from "../../format/times";
import { type Statistics, useNewest, useStatistics } from "./asking";
import { byHour, latenciesOf } from "./logic/figures";
import styles from "./Subscriptions.module.css";

const DAY_HOURS = 24;
const WEEK_HOURS = 192;

/** Deliveries and failures by hour, and how long a notification takes. */
export function Figures({ id }: { id: string }) {
  const { t } = useTranslation("subscriptions");
  const [hours, setHours] = useState<"day" | "week">("day");
  const found = useStatistics(id, hours === "day" ? DAY_HOURS : WEEK_HOURS);
  return (
    <section className={styles.section} aria-labelledby="figures">
      <h2 id="figures">{t("detail.figures")}</h2>
      <Choice
        label={t("detail.hours")}
        isLabelHidden
        value={hours}
        options={[
          { value: "day", label: t("detail.day") },
          { value: "week", label: t("detail.week") },
        ]}
        onChange={setHours}
      />
      {found.isPending && <Loading />}
      {found.isError && found.data === undefined && <ErrorState error={found.error} onRetry={() => void found.refetch()} />}
      {found.data !== undefined && <Drawn statistics={found.data} hours={hours === "day" ? DAY_HOURS : WEEK_HOURS} now={found.dataUpdatedAt} />}
      <Latency id={id} />
    </section>
  );
}

function Drawn({ statistics, hours, now }: { statistics: Statistics; hours: number; now: number }) {
  const { t } = useTranslation("subscriptions");
  const drawn = useMemo(() => byHour(statistics.hours, hours, now), [statistics, hours, now]);
  const series = useMemo(
    () => [
      { label: t("detail.chartDelivered"), decimals: 0, kind: "bars" as const, points: drawn.delivered },
      { label: t("detail.chartFailed"), decimals: 0, kind: "bars" as const, points: drawn.failed },
    ],
    [drawn, t],
  );
  const { p50, p95, p99 } = statistics.latencyMs;
  const hasFigures = statistics.hours.some((hour) => hour.delivered > 0 || hour.failedAttempts > 0);
  return (
    <>
      {hasFigures && <Chart label={t("detail.figures")} series={series} from={drawn.from} to={drawn.to} height={220} />}
      <h3>{t("detail.latency")}</h3>
      <p>
        {p50 === undefined || p95 === undefined || p99 === undefined
          ? t("detail.noLatency")
          : t("detail.latencyText", { p50: writeLatency(p50), p95: writeLatency(p95), p99: writeLatency(p99) })}
      </p>
      {statistics.oldestWaiting && <p>{t("detail.oldest", { age: formatAge(statistics.oldestWaiting) })}</p>}
    </>
  );
}

const DELIVERED = ["delivered"] as const;
const FEW = 3;

/** How long the newest notifications took, one by one. */
function Latency({ id }: { id: string }) {
  const { t } = useTranslation("subscriptions");
  const found = useNewest(id, DELIVERED);
  const points = useMemo(() => latenciesOf(found.data ?? []), [found.data]);
  const series = useMemo(() => [{ label: t("detail.latencyOf"), unit: "ms", decimals: 0, points }], [points, t]);
  if (points.length < FEW) return null;
  return <Chart label={t("detail.latencyChart", { count: points.length })} series={series} height={180} />;
}

/** 250 ms, 1.2 s. */
export function writeLatency(ms: number): string {
  return ms < 1000 ? `${formatCount(ms)} ms` : `${formatNumber(ms / 1000, 1)} s`;
}
