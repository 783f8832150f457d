import type { ReactNode } from "react";
import { cx } from "../../../components/cx";
import { Icon } from "../../../components/Icon";
import styles from "./Organisations.module.css";

/** A state in a word: with an icon where it is not what one hopes for. */
export function Badge({ kind = "quiet", children }: { kind?: "quiet" | "good" | "warn" | "bad"; children: ReactNode }) {
  return (
    <span className={cx(styles.badge, styles[kind])}>
      {kind !== "quiet" && <Icon name={kind === "good" ? "check" : kind === "warn" ? "warning" : "stop"} size={16} />}
      {children}
    </span>
  );
}
