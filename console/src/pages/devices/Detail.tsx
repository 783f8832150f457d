import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { kindOf } from "../../api/errors";
import { may } from "../../api/session";
import { useAuth } from "../../app/auth";
import { Link } from "../../app/router";
import { Button } from "../../components/Button";
import { Download } from "../../components/Download";
import { Drawer } from "../../components/Drawer";
import { ErrorState, Loading, Notice } from "../../components/states";
import { formatCount } from "../../format/numbers";
import { formatAge, formatMoment } from "../../format/times";
import { showPosition } from "../../format/units";
import { type Device, forget, issue, replay, revoke, useChanges, useCredentials, useDevice, useQuarantined } from "./asking";
import styles from "./Devices.module.css";
import { showBattery, showSignal } from "./List";
import { Secret } from "./Secret";
import { StateBadge } from "./StateBadge";

const COUNTS = ["received", "stored", "duplicate", "corrected", "ignored", "quarantined"] as const;

/** One device at the side: how it stands, what became of its messages, what it logs in with. */
export function Detail({ id, onClose }: { id: string; onClose: () => void }) {
  const { data, isPending, error, refetch } = useDevice(id);
  return (
    <Drawer title={data?.name ?? id} onClose={onClose}>
      {isPending && <Loading />}
      {error !== null && data === undefined && <ErrorState error={error} onRetry={() => void refetch()} />}
      {data !== undefined && <Known device={data} />}
    </Drawer>
  );
}

function Known({ device }: { device: Device }) {
  const { t } = useTranslation("devices");
  const { visitor } = useAuth();
  const isRetired = device.state === "retired";
  const position = positionOf(device);
  const facts: [string, string][] = [
    [t("detail.id"), device.id],
    [t("column.lastSeen"), device.lastSeen == null ? t("never") : `${formatMoment(device.lastSeen)} (${formatAge(device.lastSeen)})`],
    [t("column.battery"), showBattery(device)],
    [t("column.signal"), showSignal(device)],
    [t("column.profile"), device.profile ?? "–"],
    [t("column.owner"), device.owner ?? "–"],
    [t("detail.place"), position ?? t("detail.noPlace")],
    [t("detail.serial"), device.serial ?? "–"],
  ];
  return (
    <div className={styles.detail}>
      <div className={styles.actions}>
        <StateBadge state={device.state} />
        {device.stateSince !== undefined && <span className={styles.soft}>{t("detail.since", { at: formatMoment(device.stateSince) })}</span>}
      </div>
      {device.state === "silent" && <Notice kind="warn">{t("detail.silent")}</Notice>}
      {device.state === "faulty" && <Notice kind="bad">{t("detail.faulty")}</Notice>}
      {device.state === "provisioned" && <Notice>{t("detail.provisioned")}</Notice>}
      <dl className={styles.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div className={styles.actions}>
        {!isRetired && (
          <Download path={`/api/v1/devices/labels.pdf?ids=${encodeURIComponent(device.id)}`} name={`${device.id}.pdf`}>
            {t("detail.label")}
          </Download>
        )}
        {device.entityId != null && <Link to={`/?id=${encodeURIComponent(device.entityId)}`}>{t("detail.toMap")}</Link>}
      </div>
      <Messages device={device} canReplay={may(visitor, "quarantine")} />
      {!isRetired && <Credentials id={device.id} canChange={may(visitor, "devices:own:write")} />}
      <Changes id={device.id} />
    </div>
  );
}

function positionOf(device: Device): string | undefined {
  const coordinates = (device.location as { coordinates?: number[] } | null | undefined)?.coordinates;
  const [longitude, latitude] = coordinates ?? [];
  return longitude === undefined || latitude === undefined ? undefined : showPosition(longitude, latitude);
}

function Messages({ device, canReplay }: { device: Device; canReplay: boolean }) {
  const { t } = useTranslation("devices");
  const queries = useQueryClient();
  const kept = useQuarantined(device.id, canReplay);
  const replaying = useMutation({ mutationFn: () => replay(device.id), onSuccess: () => forget(queries) });
  const messages = kept.data?.messages ?? [];
  return (
    <section aria-labelledby="messages" className={styles.part}>
      <h3 id="messages">{t("messages.title")}</h3>
      <dl className={styles.numbers}>
        {COUNTS.map((name) => (
          <div key={name}>
            <dt>{t(`messages.${name}`)}</dt>
            <dd>{formatCount(device.messages?.[name] ?? 0)}</dd>
          </div>
        ))}
      </dl>
      {(device.findings ?? []).map((finding) => (
        <Notice key={finding.attribute + finding.reason} kind="warn">
          {t("messages.finding", { attribute: finding.attribute, count: finding.values })} <span lang="en">{finding.lastDetail}</span>
        </Notice>
      ))}
      {kept.isError && <Notice kind="bad">{t("quarantine.unknown")}</Notice>}
      {messages.length > 0 && (
        <>
          <h4>{t("quarantine.title")}</h4>
          <ul className={styles.log}>
            {messages.map((message) => (
              <li key={message.id}>
                <p>
                  <strong>{message.reason}</strong> <time title={formatMoment(message.arrivedAt)}>{formatAge(message.arrivedAt)}</time>
                </p>
                <p className={styles.soft} lang="en">
                  {message.detail}
                </p>
                {message.payload !== undefined && <code>{message.payload.slice(0, 200)}</code>}
              </li>
            ))}
          </ul>
          <p className={styles.soft}>{t("quarantine.hint")}</p>
          <div>
            <Button isBusy={replaying.isPending} onClick={() => replaying.mutate()}>
              {t("quarantine.replay")}
            </Button>
          </div>
        </>
      )}
      {replaying.isError && <Notice kind="bad">{t("quarantine.failed")}</Notice>}
      {replaying.data !== undefined && (
        <Notice kind="good">{t("quarantine.replayed", { count: replaying.data.messages.length, stored: replaying.data.messages.filter((one) => one.result === "stored").length })}</Notice>
      )}
    </section>
  );
}

function Credentials({ id, canChange }: { id: string; canChange: boolean }) {
  const { t } = useTranslation("devices");
  const queries = useQueryClient();
  const known = useCredentials(id);
  const issuing = useMutation({ mutationFn: () => issue(id), gcTime: 0, onSuccess: () => forget(queries) });
  const revoking = useMutation({ mutationFn: (credential: string) => revoke(id, credential), onSuccess: () => forget(queries) });
  const error = issuing.error ?? revoking.error ?? known.error;
  return (
    <section aria-labelledby="credentials" className={styles.part}>
      <h3 id="credentials">{t("credentials.title")}</h3>
      {known.isPending && <Loading />}
      {known.data?.credentials.length === 0 && <p className={styles.soft}>{t("credentials.none")}</p>}
      <ul className={styles.log}>
        {(known.data?.credentials ?? []).map((one) => (
          <li key={one.id} className={styles.row}>
            <span>
              <code>{one.prefix}…</code> {one.label} <span className={styles.soft}>{t("credentials.made", { at: formatMoment(one.createdAt) })}</span>
            </span>
            {canChange && (
              <Button kind="danger" aria-label={t("credentials.revokeOne", { prefix: one.prefix ?? one.id })} isBusy={revoking.isPending && revoking.variables === one.id} onClick={() => revoking.mutate(one.id)}>
                {t("credentials.revoke")}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {canChange && (
        <div>
          <Button isBusy={issuing.isPending} onClick={() => issuing.mutate()}>
            {t("credentials.issue")}
          </Button>
        </div>
      )}
      {issuing.data !== undefined && <Secret shown={issuing.data} />}
      {error !== null && <Notice kind="bad">{t("credentials.failed", { kind: t(`failure.${kindOf(error)}`) })}</Notice>}
    </section>
  );
}

function Changes({ id }: { id: string }) {
  const { t } = useTranslation("devices");
  const { data } = useChanges(id);
  if (data === undefined || data.changes.length === 0) return null;
  return (
    <section aria-labelledby="changes" className={styles.part}>
      <h3 id="changes">{t("changes.title")}</h3>
      <ul className={styles.log}>
        {data.changes.map((change) => (
          <li key={change.number}>
            {t(`changes.${change.action}`)} <span className={styles.soft}>{t("changes.by", { who: change.by, at: formatMoment(change.at) })}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
