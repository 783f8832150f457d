import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { send } from "../../../api/client";
import { type Entity, getEntity } from "../../../api/entities";
import { may } from "../../../api/session";
import { useAuth } from "../../../app/auth";
import { Link } from "../../../app/router";
import { cx } from "../../../components/cx";
import { Icon } from "../../../components/Icon";
import { Loading, Notice } from "../../../components/states";
import { attributeName } from "../../../format/names";
import { formatCount } from "../../../format/numbers";
import { formatAge, formatTime } from "../../../format/times";
import { formatValue } from "../../../format/units";
import { ReasonName } from "../quarantine/ReasonName";
import { type Device, useKept } from "./asking";
import styles from "./List.module.css";
import { type Entry, mergeLog, readMeasured } from "./logic/log";

const COUNTS = ["received", "stored", "duplicate", "corrected", "ignored", "quarantined"] as const;
const LOOK_MS = 15_000;
const MOST = 30;
const EVER = "1990-01-01T00:00:00Z";

/** What became of a device's messages: the sums, what was wrong, and the last of them one by one. */
export function Messages({ device }: { device: Device }) {
  return (
    <>
      {device.messages !== undefined && <Sums device={device} />}
      <Log device={device} />
    </>
  );
}

function Sums({ device }: { device: Device }) {
  const { t } = useTranslation("devices/list");
  return (
    <section aria-labelledby="sums" className={styles.part}>
      <h3 id="sums">{t("messages.sums")}</h3>
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
          {t("messages.finding", { attribute: attributeName(finding.attribute), count: finding.values })} <span lang="en">{finding.lastDetail}</span>
        </Notice>
      ))}
    </section>
  );
}

async function getMeasured(entityId: string, signal: AbortSignal): Promise<{ entity: Entity; entries: Entry[] }> {
  // By the time of arrival: messages of devices without a clock have no other
  const query = new URLSearchParams({ format: "temporalValues", lastN: String(MOST), timerel: "after", timeAt: EVER, timeproperty: "modifiedAt" });
  const path = encodeURIComponent(entityId);
  const [entity, past] = await Promise.all([getEntity(entityId, signal), send(`/ngsi-ld/v1/temporal/entities/${path}?${query.toString()}`, { signal })]);
  return { entity, entries: readMeasured((await past.json()) as Record<string, unknown>, MOST) };
}

function Log({ device }: { device: Device }) {
  const { t } = useTranslation("devices/list");
  const { visitor } = useAuth();
  const canLook = may(visitor, "quarantine");
  const kept = useKept(device.id, canLook);
  const measured = useQuery({
    queryKey: ["devices", "log", device.entityId],
    queryFn: ({ signal }) => getMeasured(device.entityId ?? "", signal),
    enabled: device.entityId != null,
    refetchInterval: LOOK_MS,
    retry: false,
  });
  const entries = mergeLog(measured.data?.entries ?? [], kept.data?.messages ?? [], MOST);
  const isPending = (measured.isPending && measured.isFetching) || (kept.isPending && canLook);
  return (
    <section aria-labelledby="log" className={styles.part}>
      <h3 id="log">{t("log.title")}</h3>
      <p className={styles.soft}>{t(canLook ? "log.hint" : "log.hintWithout")}</p>
      {(device.messages?.quarantined ?? 0) > 0 && canLook && <Link to={`/devices/quarantine?device=${encodeURIComponent(device.id)}`}>{t("log.toQuarantine")}</Link>}
      {kept.isError && <Notice kind="bad">{t("log.unknown")}</Notice>}
      {isPending ? <Loading /> : entries.length === 0 && <p>{t("log.none")}</p>}
      <ol className={styles.log}>
        {entries.map((entry) => (
          <li key={entry.kind === "kept" ? entry.id : entry.at}>{entry.kind === "kept" ? <Kept entry={entry} /> : <Stored entry={entry} entity={measured.data?.entity} />}</li>
        ))}
      </ol>
    </section>
  );
}

function When({ at }: { at: number }) {
  return (
    <span className={cx(styles.soft, "numbers")}>
      {formatTime(at)} ({formatAge(at)})
    </span>
  );
}

function Stored({ entry, entity }: { entry: Entry & { kind: "stored" }; entity: Entity | undefined }) {
  const { t } = useTranslation("devices/list");
  return (
    <>
      <p className={styles.row}>
        <span className={cx(styles.mark, styles.good)}>
          <Icon name="check" size={16} /> {t("log.stored")}
        </span>
        <When at={entry.at} />
      </p>
      <p>{entry.values.map(({ name, value }) => `${attributeName(name)} ${formatValue(name, value, entity?.attributes.get(name)?.unitCode)}`).join(t("fact.comma"))}</p>
    </>
  );
}

function Kept({ entry }: { entry: Entry & { kind: "kept" } }) {
  const { t } = useTranslation("devices/list");
  return (
    <>
      <p className={styles.row}>
        <span className={cx(styles.mark, styles.bad)}>
          <Icon name="stop" size={16} /> {t("log.kept")}
        </span>
        <When at={entry.at} />
      </p>
      <p>
        <ReasonName reason={entry.reason} />
      </p>
      <p className={styles.soft} lang="en">
        {entry.detail}
      </p>
      {entry.payload !== "" && <code>{entry.payload.slice(0, 160)}</code>}
    </>
  );
}
