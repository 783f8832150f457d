import { useTranslation } from "react-i18next";
import { formatMoment } from "../../../format/times";
import { Badge, type Tone } from "../people/Badge";
import styles from "../people/people.module.css";
import { useNow } from "../people/useNow";
import type { Account } from "./asking";
import { type Standing, standingOf } from "./logic/standing";

const TONES: Record<Standing, Tone> = { open: "good", invited: "quiet", lapsed: "warn", disabled: "bad" };

/** Whether somebody can log in with it, and with what. */
export function AccountState({ of }: { of: Account }) {
  const { t } = useTranslation("settings/accounts");
  const standing = standingOf(of, useNow());
  return (
    <>
      <Badge tone={TONES[standing]}>{t(`standing.${standing}`)}</Badge>
      {standing === "invited" && of.codeUntil != null && <span className={styles.minor}>{t("codeUntil", { at: formatMoment(of.codeUntil) })}</span>}
      {standing === "open" && <span className={styles.minor}>{t(of.hasApp === true ? "withApp" : "withoutApp")}</span>}
    </>
  );
}
