import { useTranslation } from "react-i18next";
import { Link } from "../../../app/router";
import { Button } from "../../../components/Button";
import { formatCount } from "../../../format/numbers";
import { formatAge, formatMoment } from "../../../format/times";
import type { WaitingDevice } from "./asking";
import { partsOf } from "./logic/message";
import styles from "./Waiting.module.css";

interface Props {
  devices: readonly WaitingDevice[];
  /** Without these, one may only look. */
  onApprove?: (device: WaitingDevice) => void;
  onReject?: (device: WaitingDevice) => void;
}

/** Those that wait, each with what it said first. */
export function WaitingList({ devices, onApprove, onReject }: Props) {
  const { t } = useTranslation("devices/waiting");
  return (
    <ul className={styles.list} aria-label={t("title")}>
      {devices.map((device) => (
        <li key={`${device.group}/${device.name}`} className={styles.section}>
          <div className={styles.row}>
            <div>
              <h2 className={styles.name}>{device.name}</h2>
              <p className={styles.soft}>{t("list.group", { group: device.group })}</p>
            </div>
            <p className={styles.soft}>
              {t("list.kept", { count: device.messages, shown: formatCount(device.messages) })} <time title={formatMoment(device.lastSeen)}>{formatAge(device.lastSeen)}</time>
            </p>
          </div>
          {device.sample != null && <Message sample={device.sample} />}
          {device.deviceId !== undefined && <Link to={`/devices?id=${encodeURIComponent(device.deviceId)}`}>{t("list.open", { id: device.deviceId })}</Link>}
          {onApprove !== undefined && (
            <div className={styles.actions}>
              <Button kind="main" aria-label={t("approve.one", { name: device.name })} onClick={() => onApprove(device)}>
                {t("approve.open")}
              </Button>
              {device.state === "waiting" && (
                <Button aria-label={t("reject.one", { name: device.name })} onClick={() => onReject?.(device)}>
                  {t("reject.open")}
                </Button>
              )}
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}

function Message({ sample }: { sample: string }) {
  const { t } = useTranslation("devices/waiting");
  const parts = partsOf(sample);
  return (
    <div>
      <p className={styles.soft}>{t("list.first")}</p>
      {parts === undefined ? (
        <p>{t("list.bytes")}</p>
      ) : (
        <dl className={styles.message}>
          {parts.map((part) => (
            <div key={part.name}>
              <dt>{part.name}</dt>
              <dd>{part.value}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
