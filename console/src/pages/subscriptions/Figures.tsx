import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Chart } from "../../components/Chart";
import { Choice } from "../../components/Field";
import { ErrorState, Loading } from "../../components/states";
import { formatCount, formatNumber } from "../../format/numbers";
import { formatAge } from "../../format/times";
import { type Statistics, useStatistics } from "./asking";
import styles from "./Subscriptions.module.css";

const HOUR = 3_600_000;
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
      {found.data !== undefined && <Drawn statistics={found.data} />}
    </section>
  );
}

function Drawn({ statistics }: { statistics: Statistics }) {
  const { t } = useTranslation("subscriptions");
  const series = useMemo(() => {
    const points = (name: "delivered" | "failedAttempts") => statistics.hours.map((hour) => [Date.parse(hour.at) + HOUR / 2, hour[name]] as const);
    return [
      { label: t("detail.chartDelivered"), decimals: 0, kind: "bars" as const, points: points("delivered") },
      { label: t("detail.chartFailed"), decimals: 0, points: points("failedAttempts") },
    ];
  }, [statistics, t]);
  const { p50, p95, p99 } = statistics.latencyMs;
  const hasFigures = statistics.hours.some((hour) => hour.delivered > 0 || hour.failedAttempts > 0);
  return (
    <>
      {hasFigures && <Chart label={t("detail.figures")} series={series} height={220} />}
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

/** 250 ms, 1.2 s. */
export function writeLatency(ms: number): string {
  return ms < 1000 ? `${formatCount(ms)} ms` : `${formatNumber(ms / 1000, 1)} s`;
}
