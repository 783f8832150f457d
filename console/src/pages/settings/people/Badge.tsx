import type { ReactNode } from "react";
import { cx } from "../../../components/cx";
import { Icon, type IconName } from "../../../components/Icon";
import styles from "./people.module.css";

export type Tone = "good" | "warn" | "bad" | "quiet";
const ICONS: Record<Tone, IconName> = { good: "check", warn: "warning", bad: "stop", quiet: "info" };

/** A state in words, with a sign of its own: never by colour alone. */
export function Badge({ tone, icon, children }: { tone: Tone; icon?: IconName; children: ReactNode }) {
  return (
    <span className={cx(styles.badge, styles[tone])}>
      <Icon name={icon ?? ICONS[tone]} size={18} />
      {children}
    </span>
  );
}
