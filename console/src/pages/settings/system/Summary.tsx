import { useTranslation } from "react-i18next";
import { Notice } from "../../../components/states";
import { type Trouble, troublesOf } from "./figures";
import type { System } from "./judge";
import { StateMark } from "./StateMark";
import styles from "./System.module.css";

/** What needs somebody, at a glance: nothing, or what and where. */
export function Summary({ system }: { system: System }) {
  const { t } = useTranslation("settings/system");
  const troubles = troublesOf(system);
  if (troubles.length === 0) return <Notice kind="good">{t("summary.good")}</Notice>;
  const isBad = troubles.some(({ state }) => state === "bad");
  return (
    <Notice kind={isBad ? "bad" : "warn"}>
      <p>{t("summary.troubles", { count: troubles.length })}</p>
      <ul className={styles.troubles}>
        {troubles.map((trouble) => (
          <li key={`${trouble.kind} ${trouble.id}`}>
            <StateMark state={trouble.state} /> <TroubleText trouble={trouble} />
          </li>
        ))}
      </ul>
    </Notice>
  );
}

function TroubleText({ trouble: { kind, id } }: { trouble: Trouble }) {
  const { t } = useTranslation("settings/system");
  if (kind === "part") return <>{t("summary.part", { name: t(`part.${id}.name`), act: t(`part.${id}.act`) })}</>;
  if (kind === "job") return <>{t("summary.job", { name: t(`job.${id}`, { defaultValue: id }) })}</>;
  return <>{t("summary.figure", { name: t(`figure.${id}.title`), act: t(`figure.${id}.act`) })}</>;
}
