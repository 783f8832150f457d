import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { getEntity, shownAttributes } from "../../../api/entities";
import { Link } from "../../../app/router";
import { Download } from "../../../components/Download";
import { attributeName } from "../../../format/names";
import { formatAge, formatDuration, formatMoment } from "../../../format/times";
import { formatValue } from "../../../format/units";
import type { Device } from "./asking";
import { HealthCharts } from "./HealthCharts";
import styles from "./List.module.css";
import { NOTHING, showBattery, showPlace, showSignal } from "./showing";
import { State } from "./State";

const LOOK_MS = 15_000;
const MOST_VALUES = 12;

/** How a device is: state and why, what it measured last, what it is. */
export function Now({ device }: { device: Device }) {
  const { t } = useTranslation("devices/list");
  return (
    <>
      <State device={device} />
      <div className={styles.actions}>
        {device.state !== "retired" && (
          <Download path={`/api/v1/devices/labels.pdf?ids=${encodeURIComponent(device.id)}`} name={`${device.id}.pdf`}>
            {t("now.label")}
          </Download>
        )}
        {device.entityId != null && <Link to={`/?id=${encodeURIComponent(device.entityId)}`}>{t("now.toMap")}</Link>}
      </div>
      {device.entityId != null && <Values id={device.entityId} />}
      <HealthCharts device={device} />
      <Facts device={device} />
    </>
  );
}

function Values({ id }: { id: string }) {
  const { t } = useTranslation("devices/list");
  const { data } = useQuery({ queryKey: ["devices", "measured", id], queryFn: ({ signal }) => getEntity(id, signal), refetchInterval: LOOK_MS, retry: false });
  const measured = data === undefined ? [] : shownAttributes(data).filter(([name, { at, value }]) => name !== "refDevice" && at !== undefined && typeof value !== "object");
  if (measured.length === 0) return null;
  return (
    <section aria-labelledby="measured" className={styles.part}>
      <h3 id="measured">{t("now.measured")}</h3>
      <dl className={styles.facts}>
        {measured.slice(0, MOST_VALUES).map(([name, { value, unitCode, at }]) => (
          <div key={name}>
            <dt>{attributeName(name)}</dt>
            <dd>
              {formatValue(name, value, unitCode)} {at !== undefined && <span className={styles.soft}>{formatAge(at)}</span>}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Facts({ device }: { device: Device }) {
  const { t } = useTranslation("devices/list");
  const facts: [string, string][] = [
    [t("fact.id"), device.id],
    [t("column.lastSeen"), device.lastSeen == null ? t("never") : `${formatMoment(device.lastSeen)} (${formatAge(device.lastSeen)})`],
    [t("fact.interval"), device.expectedIntervalS == null ? t("fact.ofProfile") : formatDuration(device.expectedIntervalS)],
    [t("column.battery"), showBattery(device)],
    [t("column.signal"), showSignal(device)],
    [t("fact.firmware"), typeof device.firmware === "string" ? device.firmware : NOTHING],
    [t("column.profile"), device.profile ?? NOTHING],
    [t("column.owner"), device.owner ?? NOTHING],
    [t("fact.place"), showPlace(device) ?? t("fact.noPlace")],
    [t("fact.serial"), device.serial ?? NOTHING],
    [t("fact.gateway"), device.gateway ?? NOTHING],
    [t("fact.tags"), (device.tags ?? []).join(t("fact.comma")) || NOTHING],
    [t("fact.notes"), device.notes ?? NOTHING],
  ];
  return (
    <section aria-labelledby="facts" className={styles.part}>
      <h3 id="facts">{t("fact.title")}</h3>
      <dl className={styles.facts}>
        {facts
          .filter(([, value]) => value !== NOTHING)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd className={styles.lines}>{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}
