import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { getSeries } from "../../../api/series";
import { attributeName } from "../../../format/names";
import { DAY, formatMoment } from "../../../format/times";
import type { Device } from "./asking";
import styles from "./List.module.css";

const Chart = lazy(() => import("../../../components/Chart").then((module) => ({ default: module.Chart })));

const SPAN = 30 * DAY;
const REFRESH_MS = 5 * 60_000;

/** How battery and signal went in the last 30 days, where there is a past to draw. */
export function HealthCharts({ device }: { device: Device }) {
  const id = device.deviceEntityId;
  if (id === undefined) return null;
  return (
    <>
      {device.battery !== null && <HealthChart id={id} attribute="batteryLevel" unit="%" factor={100} decimals={0} />}
      {device.signal !== null && <HealthChart id={id} attribute="rssi" unit="dBm" factor={1} decimals={0} />}
    </>
  );
}

interface Props {
  id: string;
  attribute: string;
  unit: string;
  factor: number;
  decimals: number;
}

function HealthChart({ id, attribute, unit, factor, decimals }: Props) {
  const { t } = useTranslation("devices/list");
  const asked = useQuery({
    queryKey: ["devices", "series", id, attribute],
    queryFn: async ({ signal }) => {
      const long = await getSeries(id, attribute, Date.now() - SPAN, SPAN, signal);
      return long.length > 2 ? long : getSeries(id, attribute, Date.now() - DAY, DAY, signal);
    },
    refetchInterval: REFRESH_MS,
    retry: false,
  });
  const name = attributeName(attribute);
  const series = useMemo(
    () => [{ label: name, unit, decimals, points: (asked.data ?? []).map(([at, value]) => [at, value === null ? null : value * factor] as const) }],
    [asked.data, name, unit, decimals, factor],
  );
  if ((asked.data ?? []).length < 2) return null;
  return (
    <section className={styles.part} aria-label={name}>
      <h3>
        {name} <span className={styles.soft}>{unit}</span>
      </h3>
      <Suspense fallback={<div className={styles.chart} />}>
        <Chart label={t("now.chart", { name })} series={series} height={120} isSmall formatAt={formatMoment} />
      </Suspense>
    </section>
  );
}
