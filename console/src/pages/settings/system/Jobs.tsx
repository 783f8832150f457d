import { useTranslation } from "react-i18next";
import { formatCount } from "../../../format/numbers";
import { formatAge, formatDuration, formatMoment, toMs } from "../../../format/times";
import common from "../Settings.module.css";
import { stateOf } from "./figures";
import { type Job, ofJob, stateOfJob, type System } from "./judge";
import { StateMark } from "./StateMark";
import styles from "./System.module.css";

/** What runs by the clock: the last run of each, what failed; and what is built or registered just now. */
export function Jobs({ system }: { system: System }) {
  const { t } = useTranslation("settings/system");
  const rank = (job: Job) => ["bad", "attention", "unknown", "good"].indexOf(ofJob(job, system.at));
  const jobs = [...system.jobs].sort((one, other) => rank(one) - rank(other) || other.intervalS - one.intervalS);
  return (
    <section className={common.section} aria-labelledby="jobs">
      <h3 id="jobs">{t("jobs.title")}</h3>
      <Work system={system} />
      {jobs.length === 0 ? (
        <p className={styles.soft}>{t("jobs.none")}</p>
      ) : (
        <div className={styles.scroller} role="region" aria-label={t("jobs.table")} tabIndex={0}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">{t("jobs.name")}</th>
                <th scope="col">{t("parts.state")}</th>
                <th scope="col">{t("jobs.last")}</th>
                <th scope="col">{t("jobs.every")}</th>
                <th scope="col">{t("jobs.failures")}</th>
              </tr>
            </thead>
            <tbody>
              {jobs.map((job) => (
                <JobRow key={job.job} job={job} at={system.at} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p className={styles.soft}>{t("jobs.hint")}</p>
    </section>
  );
}

function JobRow({ job, at }: { job: Job; at: string }) {
  const { t } = useTranslation("settings/system");
  return (
    <tr data-job={job.job}>
      <th scope="row">{t(`job.${job.job}`, { defaultValue: job.job })}</th>
      <td>
        <StateMark state={ofJob(job, at)} text={t(`jobs.state.${stateOfJob(job, at)}`)} />
        {job.error != null && (
          <div className={styles.soft} lang="en">
            {job.error}
          </div>
        )}
      </td>
      <td title={formatMoment(job.lastAt)}>{formatAge(job.lastAt, toMs(at))}</td>
      <td>{formatDuration(job.intervalS)}</td>
      <td className="numbers">{formatCount(job.failures)}</td>
    </tr>
  );
}

function Work({ system }: { system: System }) {
  const { t } = useTranslation("settings/system");
  const { indexes, imports, aggregates } = system;
  const importing = Object.values(imports).reduce((sum, count) => sum + count, 0);
  const building = (indexes.waiting ?? 0) + (indexes.building ?? 0);
  const facts = [
    { id: "aggregates" as const, text: aggregates.until == null ? t("jobs.noAggregates") : t("jobs.aggregates", { at: formatMoment(aggregates.until), dirty: formatCount(aggregates.dirty) }) },
    { id: "indexes" as const, text: t("jobs.indexes", { ready: formatCount(indexes.ready ?? 0), building: formatCount(building), failed: formatCount(indexes.failed ?? 0) }) },
  ];
  return (
    <dl className={styles.work}>
      {facts.map(({ id, text }) => (
        <div key={id} data-figure={id}>
          <dt>{t(`figure.${id}.title`)}</dt>
          <dd>
            <StateMark state={stateOf(id, system)} /> {text}
          </dd>
        </div>
      ))}
      <div>
        <dt>{t("jobs.imports")}</dt>
        <dd>{importing === 0 ? t("jobs.noImports") : t("jobs.importing", { count: importing, shown: formatCount(importing) })}</dd>
      </div>
    </dl>
  );
}
