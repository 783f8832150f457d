import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useAuth } from "../../../app/auth";
import { useSearch } from "../../../app/router";
import { Chart } from "../../../components/Chart";
import { Download } from "../../../components/Download";
import { Choice, SelectField } from "../../../components/Field";
import { EmptyState, ErrorState, Loading } from "../../../components/states";
import { DAY, fiscalYearOf, formatDate, formatFiscalYear, fromDateInput } from "../../../format/times";
import common from "../Settings.module.css";
import { getUsage } from "./asking";
import { Quotas } from "./Quotas";
import { byCaller, byDay, MEASURES, type Period, type PeriodName, periodOf, PERIODS, type Row, totalsOf } from "./report";
import styles from "./Usage.module.css";
import { UsageTable } from "./UsageTable";
import { writeMeasure } from "./write";

/** Who used what: a period, its sums, a chart by day and a table; as CSV for reports. */
export default function Usage() {
  const { t } = useTranslation("settings/usage");
  const [search, change] = useSearch();
  const periodName = usePeriodNames();
  const name = PERIODS.find((one) => one === search.get("period")) ?? "month";
  const [now] = useState(Date.now);
  const period = periodOf(name, now);
  const report = useQuery({
    queryKey: ["settings", "usage", period.from, period.until],
    queryFn: ({ signal }) => getUsage(period, signal),
  });
  const csv = `/api/v1/usage?from=${period.from}&until=${period.until}`;
  return (
    <section className={common.section} aria-labelledby="usage">
      <h2 id="usage">{t("title")}</h2>
      <p className={common.soft}>{t("lead")}</p>
      <Choice label={t("period")} value={name} onChange={(next) => change({ period: next })} options={PERIODS.map((value) => ({ value, label: periodName(value) }))} />
      <div className={common.actions}>
        <p>{t("range", { from: formatDate(fromDateInput(period.from) ?? 0), to: formatDate((fromDateInput(period.until) ?? 0) - DAY) })}</p>
        <Download path={csv} init={{ headers: { Accept: "text/csv" } }} name={`usage-${period.from}.csv`}>
          {t("csv")}
        </Download>
      </div>
      {report.isPending && <Loading />}
      {report.isError && report.data === undefined && <ErrorState error={report.error} onRetry={() => void report.refetch()} />}
      {report.data !== undefined && <Report rows={report.data} period={period} />}
      <Quotas />
    </section>
  );
}

function usePeriodNames(): (name: PeriodName) => string {
  const { t } = useTranslation("settings/usage");
  return (name) => (name === "month" || name === "lastMonth" ? t(`periods.${name}`) : formatFiscalYear(fiscalYearOf() - (name === "lastFiscal" ? 1 : 0)));
}

function Report({ rows, period }: { rows: readonly Row[]; period: Period }) {
  const { t } = useTranslation("settings/usage");
  const { visitor } = useAuth();
  const [search, change] = useSearch();
  const measure = MEASURES.find((one) => one === search.get("measure")) ?? "requests";
  const totals = useMemo(() => totalsOf(rows), [rows]);
  const { from, until } = period;
  const series = useMemo(() => [{ label: t(`measure.${measure}`), decimals: 0, kind: "bars" as const, points: byDay(rows, measure, { from, until }) }], [rows, measure, from, until, t]);
  if (rows.length === 0) return <EmptyState icon="history" title={t("none.title")}>{t("none.text")}</EmptyState>;
  return (
    <>
      <dl className={styles.figures}>
        {MEASURES.map((one) => (
          <div key={one}>
            <dt>{t(`measure.${one}`)}</dt>
            <dd className="numbers">{writeMeasure(one, totals[one])}</dd>
          </div>
        ))}
      </dl>
      <SelectField label={t("chartOf")} value={measure} onChange={(event) => change({ measure: event.target.value })}>
        {MEASURES.map((one) => (
          <option key={one} value={one}>
            {t(`measure.${one}`)}
          </option>
        ))}
      </SelectField>
      <Chart label={t("chart", { what: t(`measure.${measure}`) })} series={series} height={240} formatAt={formatDate} />
      <UsageTable rows={byCaller(rows)} isOwn={visitor.role === "partner" || visitor.role === "operator" || visitor.role === "service"} />
    </>
  );
}
