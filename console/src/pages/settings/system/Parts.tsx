import { useTranslation } from "react-i18next";
import { cx } from "../../../components/cx";
import { formatCount, formatNumber } from "../../../format/numbers";
import { formatAge, formatMoment, toMs } from "../../../format/times";
import common from "../Settings.module.css";
import { ofBroker, ofDatabase, ofProcess, ofRedis, type Process, type State, type System } from "./judge";
import { StateMark } from "./StateMark";
import styles from "./System.module.css";

interface Row {
  readonly id: string;
  readonly name: string;
  readonly state: State;
  readonly word: string;
  readonly since: string | null | undefined;
  readonly version: string;
  readonly detail: string;
}

/** Processes and servers: at work or not, since when, in which version. */
export function Parts({ system }: { system: System }) {
  const { t } = useTranslation("settings/system");
  const rows = useRows(system);
  return (
    <section className={common.section} aria-labelledby="parts">
      <h3 id="parts">{t("parts.title")}</h3>
      <div className={styles.scroller} role="region" aria-label={t("parts.table")} tabIndex={0}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">{t("parts.name")}</th>
              <th scope="col">{t("parts.state")}</th>
              <th scope="col">{t("parts.since")}</th>
              <th scope="col">{t("parts.version")}</th>
              <th scope="col">{t("parts.detail")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.id} data-part={row.id}>
                <th scope="row">{row.name}</th>
                <td>
                  <StateMark state={row.state} text={row.word} />
                </td>
                <td>{row.since == null ? "–" : <span title={formatMoment(row.since)}>{formatAge(row.since, toMs(system.at))}</span>}</td>
                <td className="numbers">{row.version}</td>
                <td className={cx(styles.soft, styles.detail)}>{row.detail}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className={styles.soft}>{t("parts.hint")}</p>
    </section>
  );
}

function useRows(system: System): Row[] {
  const { t } = useTranslation("settings/system");
  const { database } = system;
  const count = (process: Process) => system.processes.filter((one) => one.process === process.process).length;
  const rows = system.processes.map((process, index): Row => {
    const name = t(`part.${process.process}.name`);
    return {
      id: `${process.process} ${process.instance ?? ""} ${index}`,
      name: count(process) > 1 && process.instance != null ? `${name} (${process.instance})` : name,
      state: ofProcess(process),
      word: t(`word.${process.state}`),
      since: process.since,
      version: process.version ?? "–",
      detail: process.state === "silent" ? t("parts.silent") : process.detail,
    };
  });
  const none = { since: undefined, version: "–" };
  return [
    ...rows,
    { ...none, id: "broker", name: t("part.broker.name"), state: ofBroker(system), word: t(`word.${system.broker.state}`), detail: system.broker.detail || t(`parts.broker.${system.broker.state}`) },
    {
      id: "database",
      name: t("part.database.name"),
      state: ofDatabase(system),
      word: t("word.working"),
      since: database.since,
      version: database.timescale == null ? `PostgreSQL ${database.version}` : `PostgreSQL ${database.version}, TimescaleDB ${database.timescale}`,
      detail: t("parts.database", { ms: formatNumber(database.answerMs, 1), used: formatCount(database.connections), all: formatCount(database.connectionsMax) }),
    },
    { ...none, id: "redis", name: t("part.redis.name"), state: ofRedis(system), word: t(`word.${system.redis}`), detail: t(`parts.redis.${system.redis}`) },
  ];
}
