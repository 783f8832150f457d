import { useTranslation } from "react-i18next";
import { cx } from "../../../components/cx";
import { Notice } from "../../../components/states";
import { formatBytes, formatNumber, formatShare } from "../../../format/numbers";
import { formatAge, formatDate, formatMoment, toMs } from "../../../format/times";
import common from "../Settings.module.css";
import { isSampleOld, ofDisk, type System } from "./judge";
import { StateMark } from "./StateMark";
import styles from "./System.module.css";

const YEARS_TEN = 3_650;

/** How large the database is, of what, how fast it grows, and when the volume is full. */
export function Disk({ system }: { system: System }) {
  const { t } = useTranslation("settings/system");
  const { disk } = system;
  return (
    <section className={common.section} aria-labelledby="disk">
      <h3 id="disk">{t("disk.title")}</h3>
      {disk == null ? (
        <p className={styles.soft}>{t("disk.young")}</p>
      ) : (
        <>
          {isSampleOld(system) && <Notice kind="warn">{t("disk.old", { age: formatAge(disk.at, toMs(system.at)) })}</Notice>}
          <Facts disk={disk} system={system} />
          <PartsOfDisk parts={disk.parts} />
        </>
      )}
    </section>
  );
}

type DiskFacts = NonNullable<System["disk"]>;

function Facts({ disk, system }: { disk: DiskFacts; system: System }) {
  const { t } = useTranslation("settings/system");
  const { bytesPerDay, fullInDays, freeBytes, growthSince } = disk;
  const full = fullInDays == null ? undefined : fullInDays > YEARS_TEN ? t("disk.longTime") : t("disk.fullIn", { count: Math.floor(fullInDays), days: formatNumber(fullInDays, fullInDays < 10 ? 1 : 0), date: formatDate(toMs(system.at) + fullInDays * 86_400_000) });
  return (
    <>
      <dl className={styles.figures}>
        <div>
          <dt>{t("disk.size")}</dt>
          <dd className="numbers">{formatBytes(disk.databaseBytes)}</dd>
        </div>
        <div>
          <dt>{t("disk.free")}</dt>
          <dd className="numbers">{freeBytes == null ? t("disk.elsewhere") : formatBytes(freeBytes)}</dd>
        </div>
        <div>
          <dt>{t("disk.growth")}</dt>
          <dd className="numbers">{bytesPerDay == null ? t("disk.soon") : bytesPerDay <= 0 ? t("disk.none") : t("disk.perDay", { size: formatBytes(bytesPerDay) })}</dd>
        </div>
      </dl>
      <p>
        <StateMark state={ofDisk(system)} /> {full}
      </p>
      <p className={styles.soft}>
        {t("figure.disk.limit")} {growthSince != null && t("disk.since", { at: formatMoment(growthSince) })}
      </p>
      {freeBytes == null && <p className={styles.soft}>{t("disk.elsewhereHint")}</p>}
    </>
  );
}

function PartsOfDisk({ parts }: { parts: Readonly<Record<string, number>> }) {
  const { t } = useTranslation("settings/system");
  const rows = Object.entries(parts).sort(([, one], [, other]) => other - one);
  const all = rows.reduce((sum, [, bytes]) => sum + bytes, 0);
  return (
    <table className={cx(styles.table, styles.narrow)}>
      <caption className={styles.caption}>{t("disk.parts")}</caption>
      <thead>
        <tr>
          <th scope="col">{t("disk.part")}</th>
          <th scope="col">{t("disk.partSize")}</th>
          <th scope="col">{t("disk.share")}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([part, bytes]) => (
          <tr key={part}>
            <th scope="row">{t(`disk.of.${part}`)}</th>
            <td className="numbers">{formatBytes(bytes)}</td>
            <td className={styles.share}>
              <span className={styles.bar} style={{ width: `${(bytes / Math.max(1, all)) * 100}%` }} aria-hidden="true" />
              <span className="numbers">{formatShare(bytes / Math.max(1, all))}</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
