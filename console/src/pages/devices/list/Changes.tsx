import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { formatMoment } from "../../../format/times";
import { type Change, useChanges } from "./asking";
import styles from "./List.module.css";
import { type Step, stepsOf } from "./logic/changes";
import { STATES } from "./logic/place";

const FIRST = 5;
const MORE = 100;

/** Who changed what of a device, the newest first. */
export function Changes({ id }: { id: string }) {
  const { t } = useTranslation("devices/list");
  const [limit, setLimit] = useState(FIRST);
  const { data } = useChanges(id, limit);
  if (data === undefined || data.changes.length === 0) return null;
  return (
    <section aria-labelledby="changes" className={styles.part}>
      <h3 id="changes">{t("changes.title")}</h3>
      <ol className={styles.log}>
        {data.changes.map((change) => (
          <OneChange key={change.number} change={change} />
        ))}
      </ol>
      {data.total > data.changes.length && limit === FIRST && (
        <div>
          <Button onClick={() => setLimit(MORE)}>{t("changes.more", { count: data.total })}</Button>
        </div>
      )}
    </section>
  );
}

function OneChange({ change }: { change: Change }) {
  const { t } = useTranslation("devices/list");
  const isTold = change.action === "edited" || change.action === "state";
  return (
    <li>
      <p>
        <strong>{t(`changes.${change.action}`)}</strong> <span className={styles.soft}>{t("changes.by", { who: change.by === "liveness" ? t("changes.watch") : change.by, at: formatMoment(change.at) })}</span>
      </p>
      {isTold && stepsOf(change).map((step, index) => <OneStep key={index} step={step} />)}
    </li>
  );
}

function OneStep({ step: { member, before, after } }: { step: Step }) {
  const { t } = useTranslation("devices/list");
  const say = (text: string | undefined): string => {
    if (text === undefined) return t("changes.nothing");
    return member === "state" && STATES.some((state) => state === text) ? t(`state.${text}`) : text;
  };
  return (
    <p className={styles.soft}>
      {t(`member.${member}`)}
      {before !== undefined || after !== undefined ? `: ${say(before)} → ${say(after)}` : ""}
    </p>
  );
}
