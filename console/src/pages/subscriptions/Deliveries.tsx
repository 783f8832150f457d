import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useDirectory } from "../../api/directory";
import { Button } from "../../components/Button";
import { CheckBox } from "../../components/Field";
import { plainId } from "../../format/names";
import { formatCount } from "../../format/numbers";
import { formatAge, formatMoment } from "../../format/times";
import type { Delivery } from "./asking";
import { DeadLetter } from "./DeadLetter";
import { writeLatency } from "./Figures";
import { toggled } from "./fields";
import { failureOf } from "./logic/reasons";
import styles from "./Subscriptions.module.css";

const COLUMNS = ["when", "what", "result", "reason", "latency", "attempts", "answer"] as const;

interface Props {
  id: string;
  items: readonly Delivery[];
  onReplay: (ids: readonly number[]) => void;
}

/** The log as a table; those given up can be chosen and sent again together. */
export function Deliveries({ id, items, onReplay }: Props) {
  const { t } = useTranslation("subscriptions");
  const [open, setOpen] = useState<Delivery>();
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const names = new Map((useDirectory().data ?? []).map((one) => [one.id, one.name]));
  const placeOf = (one: Delivery) => (one.entityId ? (names.get(one.entityId) ?? plainId(one.entityId)) : t("log.periodic"));
  const hasDead = items.some((one) => one.state === "deadLettered");
  const again = () => {
    onReplay(chosen.map(Number));
    setChosen([]);
  };
  return (
    <>
      {chosen.length > 0 && (
        <div>
          <Button kind="main" onClick={again}>
            {t("log.chosen", { count: chosen.length })}
          </Button>
        </div>
      )}
      <div className={styles.scroller} role="region" aria-label={t("log.region")} tabIndex={0}>
        <table className={`${styles.table ?? ""} numbers`}>
          <thead>
            <tr>
              {hasDead && <th scope="col">{t("log.choose")}</th>}
              {COLUMNS.map((name) => (
                <th key={name} scope="col">
                  {t(`log.${name}`)}
                </th>
              ))}
              <th scope="col">{t("log.open")}</th>
            </tr>
          </thead>
          <tbody>
            {items.map((one) => (
              <Line
                key={one.id}
                one={one}
                place={placeOf(one)}
                hasDead={hasDead}
                isChosen={chosen.includes(String(one.id))}
                onChoose={(isOn) => setChosen(toggled(chosen, String(one.id), isOn))}
                onOpen={() => setOpen(one)}
              />
            ))}
          </tbody>
        </table>
      </div>
      {open !== undefined && <DeadLetter id={id} delivery={open} place={placeOf(open)} onClose={() => setOpen(undefined)} />}
    </>
  );
}

interface LineProps {
  one: Delivery;
  place: string;
  hasDead: boolean;
  isChosen: boolean;
  onChoose: (isOn: boolean) => void;
  onOpen: () => void;
}

function Line({ one, place, hasDead, isChosen, onChoose, onOpen }: LineProps) {
  const { t } = useTranslation("subscriptions");
  const isDead = one.state === "deadLettered";
  return (
    <tr>
      {hasDead && <td>{isDead && <CheckBox label={<span className="visually-hidden">{t("log.chooseOf", { place })}</span>} checked={isChosen} onChange={(event) => onChoose(event.target.checked)} />}</td>}
      <td>
        <time title={formatMoment(one.createdAt)}>{formatAge(one.createdAt)}</time>
      </td>
      <th scope="row">{place}</th>
      <td>
        {t(`delivery.${one.state}`)}
        {one.replayed && <span className={styles.soft}> {t("log.replayed")}</span>}
      </td>
      <td>{one.error ? t(`mend.${failureOf(one.error)}.short`) : "–"}</td>
      <td>{typeof one.latencyMs === "number" ? writeLatency(one.latencyMs) : "–"}</td>
      <td>{formatCount(one.attempts)}</td>
      <td>{one.status ?? "–"}</td>
      <td>
        {isDead && (
          <Button kind="quiet" aria-label={t("log.openOf", { place })} onClick={onOpen}>
            {t("log.open")}
          </Button>
        )}
      </td>
    </tr>
  );
}
