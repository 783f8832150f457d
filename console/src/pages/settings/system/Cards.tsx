import { useTranslation } from "react-i18next";
import { Link } from "../../../app/router";
import { cx } from "../../../components/cx";
import { formatCount, formatNumber } from "../../../format/numbers";
import { formatDuration } from "../../../format/times";
import common from "../Settings.module.css";
import { type FigureId, stateOf } from "./figures";
import type { System } from "./judge";
import { StateMark } from "./StateMark";
import styles from "./System.module.css";

const LINKS: Partial<Record<FigureId, string>> = { quarantine: "/devices/quarantine", waiting: "/subscriptions", resting: "/subscriptions", paused: "/subscriptions" };

/** Some figures side by side: value, state, from when on it is not good, and what to do then. */
export function Cards({ title, lead, ids, system }: { title: string; lead: string; ids: readonly FigureId[]; system: System }) {
  return (
    <section className={common.section} aria-label={title}>
      <h3>{title}</h3>
      <p className={styles.soft}>{lead}</p>
      <ul className={styles.cards}>
        {ids.map((id) => (
          <Card key={id} id={id} system={system} />
        ))}
      </ul>
    </section>
  );
}

function Card({ id, system }: { id: FigureId; system: System }) {
  const { t } = useTranslation("settings/system");
  const state = stateOf(id, system);
  const link = LINKS[id];
  return (
    <li className={cx(styles.card, styles[`edge_${state}`])} data-figure={id}>
      <h4>{t(`figure.${id}.title`)}</h4>
      <p className={cx(styles.value, "numbers")}>{useValue(id, system)}</p>
      <StateMark state={state} />
      <p className={styles.soft}>{t(`figure.${id}.limit`)}</p>
      {(state === "bad" || state === "attention") && <p>{t(`figure.${id}.act`)}</p>}
      {link !== undefined && <Link to={link}>{t(`figure.${id}.link`)}</Link>}
    </li>
  );
}

function useValue(id: FigureId, { late, deliveries, quarantine }: System): string {
  const { t } = useTranslation("settings/system");
  const seconds = (value: number | null | undefined) =>
    value == null ? t(late.inFlight == null ? "unknown" : "noneNow") : value < 1 ? `${formatNumber(value * 1000, 0)} ${t("ms")}` : value < 60 ? `${formatNumber(value, 1)} ${t("s")}` : formatDuration(value);
  const count = (value: number | null | undefined) => (value == null ? t("unknown") : t("messages", { count: value, shown: formatCount(value) }));
  switch (id) {
    case "commit":
      return seconds(late.commitS);
    case "readingAge":
      return seconds(late.readingAgeS);
    case "silent":
      return late.silentS == null ? t("unknown") : formatDuration(late.silentS);
    case "inFlight":
      return count(late.inFlight);
    case "waiting":
      return count(deliveries.waiting);
    case "resting":
      return t("places", { count: deliveries.resting, shown: formatCount(deliveries.resting) });
    case "paused":
      return t("subscriptions", { count: deliveries.paused, shown: formatCount(deliveries.paused) });
    case "quarantine":
      return count(quarantine.messages);
    default:
      return "";
  }
}
