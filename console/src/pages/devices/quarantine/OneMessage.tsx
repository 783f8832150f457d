import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "../../../app/router";
import { Button } from "../../../components/Button";
import { Drawer } from "../../../components/Drawer";
import { ErrorState, Loading, Notice } from "../../../components/states";
import { attributeName } from "../../../format/names";
import { formatBytes } from "../../../format/numbers";
import { formatAge, formatMoment } from "../../../format/times";
import { formatValue } from "../../../format/units";
import { type Inspected, useMessage } from "./asking";
import { DiscardQuestion } from "./DiscardQuestion";
import { Outcome } from "./Outcome";
import { Payload } from "./Payload";
import styles from "./Quarantine.module.css";
import { ReasonHelp, ReasonName } from "./ReasonName";
import { useRun } from "./useRun";

/** One message: why it was put aside, what it holds, and what it would become now. */
export function OneMessage({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation("devices/quarantine");
  const { data, isPending, error, refetch } = useMessage(id);
  return (
    <Drawer title={t("one.title", { id })} onClose={onClose}>
      {isPending && <Loading />}
      {error !== null && data === undefined && <ErrorState error={error} onRetry={() => void refetch()} />}
      {data !== undefined && <Known message={data} />}
    </Drawer>
  );
}

function Known({ message }: { message: Inspected }) {
  const { t } = useTranslation("devices/quarantine");
  const device = message.deviceId ?? "";
  return (
    <div className={styles.detail}>
      <Notice kind="warn">
        <p>
          <ReasonName reason={message.reason} /> <ReasonHelp reason={message.reason} />
        </p>
        <p lang="en">{message.detail}</p>
      </Notice>
      <dl className={styles.facts}>
        <div>
          <dt>{t("column.device")}</dt>
          <dd>{device === "" ? t("one.noDevice") : <Link to={`/devices?id=${encodeURIComponent(device)}`}>{device}</Link>}</dd>
        </div>
        <div>
          <dt>{t("column.at")}</dt>
          <dd>
            {formatMoment(message.arrivedAt)} ({formatAge(message.arrivedAt)})
          </dd>
        </div>
        <div>
          <dt>{t("one.topic")}</dt>
          <dd>
            <code>{message.topic}</code>
          </dd>
        </div>
        <div>
          <dt>{t("one.size")}</dt>
          <dd>{formatBytes(message.payloadSize ?? 0)}</dd>
        </div>
      </dl>
      <Payload message={message} />
      <Now message={message} />
      <Acts message={message} />
    </div>
  );
}

function Now({ message: { now } }: { message: Inspected }) {
  const { t } = useTranslation("devices/quarantine");
  return (
    <section aria-labelledby="now" className={styles.part}>
      <h3 id="now">{t("now.title")}</h3>
      <Notice kind={now.result === "stored" ? "good" : "warn"}>
        {t(`now.${now.result}`)}{" "}
        {now.result === "quarantined" && now.reason !== undefined && (
          <>
            <ReasonName reason={now.reason} /> <span lang="en">{now.detail}</span>
          </>
        )}
      </Notice>
      {now.readings.map((reading) => (
        <dl key={reading.entityId} className={styles.facts}>
          {Object.entries(reading.attributes as Readonly<Record<string, { value?: unknown; unitCode?: string }>>).map(([name, { value, unitCode }]) => (
            <div key={name}>
              <dt>{attributeName(name)}</dt>
              <dd>{formatValue(name, value, unitCode)}</dd>
            </div>
          ))}
        </dl>
      ))}
    </section>
  );
}

function Acts({ message }: { message: Inspected }) {
  const { t } = useTranslation("devices/quarantine");
  const [isAsking, setAsking] = useState(false);
  const { run, start, stop } = useRun();
  const isWaiting = message.replayedAt == null && run?.state !== "done";
  const what = { ids: [message.id] };
  return (
    <div className={styles.part}>
      {message.isComplete === false && <Notice kind="warn">{t("one.cut")}</Notice>}
      {isWaiting && (
        <div className={styles.actions}>
          <Button kind="main" isBusy={run?.state === "running"} disabled={message.isComplete === false} onClick={() => void start("replay", what, 1)}>
            {t("act.replay")}
          </Button>
          <Button kind="danger" onClick={() => setAsking(true)}>
            {t("act.discard")}
          </Button>
        </div>
      )}
      {run !== undefined && <Outcome run={run} onStop={stop} />}
      {isAsking && (
        <DiscardQuestion
          count={1}
          onClose={() => setAsking(false)}
          onYes={() => {
            setAsking(false);
            void start("discard", what, 1);
          }}
        />
      )}
    </div>
  );
}
