import { useQuery } from "@tanstack/react-query";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { getEntity } from "../../../api/entities";
import { may } from "../../../api/session";
import { useAuth } from "../../../app/auth";
import { Notice } from "../../../components/states";
import { attributeName } from "../../../format/names";
import { formatNumber } from "../../../format/numbers";
import { formatDuration, formatMoment } from "../../../format/times";
import { type Device, useMaintenance } from "./asking";
import styles from "./List.module.css";
import { type Fault, faultOf, type Why, whyOf } from "./logic/why";
import { StateBadge } from "./StateBadge";

const KIND = { active: "good", silent: "warn", faulty: "bad", provisioned: "info", retired: "info" } as const;

/** The state of a device: since when, why, and what to do about it. */
export function State({ device }: { device: Device }) {
  const { t } = useTranslation("devices/list");
  const { visitor } = useAuth();
  const planned = useMaintenance(device.id, device.state !== "retired" && may(visitor, "devices:read"));
  const until = planned.data?.lastsUntil;
  return (
    <section className={styles.part} aria-label={t("column.state")}>
      <div className={styles.actions}>
        <StateBadge state={device.state} />
        {device.stateSince !== undefined && <span className={styles.soft}>{t("why.since", { at: formatMoment(device.stateSince) })}</span>}
      </div>
      {device.state !== "active" && (
        <Notice kind={KIND[device.state]}>
          {t(`why.state.${device.state}`)}
          {device.state === "faulty" && (
            <ul>
              {whyOf(device.stateReason).map((why, index) => (
                <li key={index}>
                  <Reason device={device} why={why} />
                </li>
              ))}
            </ul>
          )}
        </Notice>
      )}
      {until !== undefined && (
        <Notice>{planned.data?.reason == null ? t("why.maintenance", { until: formatMoment(until) }) : t("why.maintenanceFor", { until: formatMoment(until), reason: planned.data.reason })}</Notice>
      )}
    </section>
  );
}

function Reason({ device, why }: { device: Device; why: Why }) {
  const { t } = useTranslation("devices/list");
  const rule = why.kind === "rule" ? why.rule : undefined;
  const alert = useQuery({
    queryKey: ["devices", "alert", device.id, rule],
    queryFn: ({ signal }) => getEntity(`urn:ngsi-ld:Alert:device:${device.id}:rule:${rule ?? ""}`, signal),
    enabled: rule !== undefined,
    retry: false,
  });
  if (rule === undefined) return <>{t(`why.${why.kind}`)}</>;
  const told = alert.data?.attributes.get("description")?.value;
  const fault = typeof told === "string" ? faultOf(told) : undefined;
  return <>{t("why.rule", { rule, what: fault === undefined ? t("why.impossible") : sayFault(fault, t) })}</>;
}

function sayFault(fault: Fault, t: TFunction<"devices/list">): string {
  const attribute = attributeName(fault.attribute);
  switch (fault.kind) {
    case "same":
      return t("why.same", { attribute, value: formatNumber(fault.value), count: fault.count });
    case "held":
      return t("why.held", { attribute, value: formatNumber(fault.value), time: formatDuration(fault.seconds) });
    case "jumped":
      return t("why.jumped", { attribute, from: formatNumber(fault.from), to: formatNumber(fault.to) });
    case "beyond":
      return t("why.beyond", { attribute, count: fault.count, of: fault.of });
  }
}
