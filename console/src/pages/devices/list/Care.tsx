import { useState } from "react";
import { useTranslation } from "react-i18next";
import { may } from "../../../api/session";
import { useAuth } from "../../../app/auth";
import { Button } from "../../../components/Button";
import { formatMoment } from "../../../format/times";
import type { Device } from "./asking";
import { Changes } from "./Changes";
import styles from "./List.module.css";
import { Maintenance } from "./Maintenance";
import { ReplaceHardware } from "./ReplaceHardware";
import { Retire } from "./Retire";

/** What is done to a device over the years: maintenance, other hardware, the end; and what was done. */
export function Care({ device }: { device: Device }) {
  const { visitor } = useAuth();
  const isRetired = device.state === "retired";
  return (
    <>
      {!isRetired && may(visitor, "devices:read") && <Maintenance id={device.id} canPlan={may(visitor, "devices:write")} />}
      <Hardware device={device} canChange={!isRetired && may(visitor, "devices:own:write")} />
      <Changes id={device.id} />
      {!isRetired && may(visitor, "devices:own:write") && <End device={device} />}
    </>
  );
}

function Hardware({ device, canChange }: { device: Device; canChange: boolean }) {
  const { t } = useTranslation("devices/list");
  const [isAsking, setAsking] = useState(false);
  const former = device.hardware ?? [];
  return (
    <section aria-labelledby="hardware" className={styles.part}>
      <h3 id="hardware">{t("hardware.title")}</h3>
      <p>{device.serial == null ? t("hardware.unknown") : t("hardware.now", { serial: device.serial })}</p>
      {former.length > 0 && (
        <ul className={styles.log}>
          {former.map((one) => (
            <li key={one.removedAt}>
              {one.serial ?? t("hardware.unnamed")} {one.reason != null && `– ${one.reason}`}
              <br />
              <span className={styles.soft}>{t("hardware.until", { at: formatMoment(one.removedAt), by: one.by })}</span>
            </li>
          ))}
        </ul>
      )}
      {canChange && (
        <div>
          <Button onClick={() => setAsking(true)}>{t("hardware.replace")}</Button>
        </div>
      )}
      {isAsking && <ReplaceHardware device={device} onClose={() => setAsking(false)} />}
    </section>
  );
}

function End({ device }: { device: Device }) {
  const { t } = useTranslation("devices/list");
  const [isAsking, setAsking] = useState(false);
  return (
    <section aria-labelledby="end" className={styles.part}>
      <h3 id="end">{t("end.title")}</h3>
      <p className={styles.soft}>{t("end.text")}</p>
      <div>
        <Button kind="danger" onClick={() => setAsking(true)}>
          {t("end.retire")}
        </Button>
      </div>
      {isAsking && <Retire device={device} onClose={() => setAsking(false)} />}
    </section>
  );
}
