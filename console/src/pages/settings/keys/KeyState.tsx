import { useTranslation } from "react-i18next";
import { useNow } from "../people/useNow";
import { formatDate, formatMoment } from "../../../format/times";
import { Badge, type Tone } from "../people/Badge";
import styles from "../people/people.module.css";
import type { Key } from "./asking";
import { daysLeft, endsSoon } from "./logic/standing";

const TONES: Record<Key["state"], Tone> = { valid: "good", rotated: "warn", expired: "quiet", revoked: "quiet", disabled: "warn" };

/** Whether a key opens anything, and until when. */
export function KeyState({ of }: { of: Key }) {
  const { t } = useTranslation("settings/keys");
  const now = useNow();
  const isSoon = endsSoon(of, now);
  const days = daysLeft(of, now);
  return (
    <>
      <Badge tone={isSoon ? "warn" : TONES[of.state]}>{isSoon ? t("soon", { count: days ?? 0 }) : t(`state.${of.state}`)}</Badge>
      <span className={styles.minor}>{endOf()}</span>
    </>
  );

  function endOf(): string {
    if (of.state === "revoked") return of.revokedAt == null ? "" : t("revokedAt", { at: formatDate(of.revokedAt) });
    if (of.expiresAt == null) return t("forever");
    if (of.state === "expired") return t("expiredAt", { at: formatDate(of.expiresAt) });
    return t("until", { at: of.state === "rotated" ? formatMoment(of.expiresAt) : formatDate(of.expiresAt) });
  }
}
