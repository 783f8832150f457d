import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Chart } from "../../../components/Chart";
import { Choice } from "../../../components/Field";
import { formatCount, formatNumber } from "../../../format/numbers";
import { formatMoment, toMs } from "../../../format/times";
import common from "../Settings.module.css";
import type { System } from "./judge";
import styles from "./System.module.css";

type Span = "hour" | "day";

/** How many messages come in: now, and over the last hour and day. */
export function Ingest({ system: { ingest, late } }: { system: System }) {
  const { t } = useTranslation("settings/system");
  const [span, setSpan] = useState<Span>("hour");
  const rates = span === "hour" ? ingest.byMinute : ingest.byQuarter;
  // A new object each time would draw the chart anew: it changes when there is a new point
  const drawn = JSON.stringify(rates);
  const series = useMemo(
    () => [{ label: t("ingest.series"), unit: t("perSecond"), decimals: 2, points: (JSON.parse(drawn) as typeof rates).map(({ at, perSecond }) => [toMs(at), perSecond ?? null] as const) }],
    [drawn, t],
  );
  const now = late.messagesPerS ?? ingest.perSecond;
  return (
    <section className={common.section} aria-labelledby="ingest">
      <h3 id="ingest">{t("ingest.title")}</h3>
      <dl className={styles.figures}>
        <div>
          <dt>{t("ingest.now")}</dt>
          <dd className="numbers">{now == null ? t("unknown") : `${formatNumber(now, now < 10 ? 1 : 0)} ${t("perSecond")}`}</dd>
        </div>
        <div>
          <dt>{t("ingest.hour")}</dt>
          <dd className="numbers">{ingest.lastHour == null ? t("unknown") : t("messages", { count: ingest.lastHour, shown: formatCount(ingest.lastHour) })}</dd>
        </div>
        <div>
          <dt>{t("ingest.day")}</dt>
          <dd className="numbers">{ingest.lastDay == null ? t("unknown") : t("messages", { count: ingest.lastDay, shown: formatCount(ingest.lastDay) })}</dd>
        </div>
      </dl>
      <Choice label={t("ingest.span")} value={span} onChange={setSpan} options={[{ value: "hour", label: t("ingest.hour") }, { value: "day", label: t("ingest.day") }]} />
      {rates.length < 2 ? <p className={styles.soft}>{t("ingest.young")}</p> : <Chart label={t("ingest.chart")} series={series} height={220} formatAt={formatMoment} />}
    </section>
  );
}
