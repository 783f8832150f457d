import type { ButtonHTMLAttributes } from "react";
import { Icon, type IconName } from "./Icon";
import { cx } from "./cx";
import styles from "./Button.module.css";

type Props = ButtonHTMLAttributes<HTMLButtonElement> & {
  /** `main`: what one came for, once per view. `danger`: cannot be undone. `quiet`: beside the text. */
  kind?: "main" | "normal" | "quiet" | "danger";
  icon?: IconName;
  /** It is at work: it says so and takes no further presses. */
  isBusy?: boolean;
};

export function Button({ kind = "normal", icon, isBusy = false, className, children, disabled, onClick, ...others }: Props) {
  return (
    <button
      type="button"
      {...others}
      className={cx(styles.button, styles[kind], className)}
      disabled={disabled}
      aria-busy={isBusy || undefined}
      aria-disabled={isBusy || undefined}
      onClick={isBusy ? (event) => event.preventDefault() : onClick}
    >
      {isBusy ? <span className={styles.busy} aria-hidden="true" /> : icon !== undefined && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A button that is an icon; its label is for screen readers and shown as a tip. */
export function IconButton({ icon, label, className, ...others }: Omit<Props, "kind"> & { icon: IconName; label: string }) {
  return (
    <button
      type="button"
      {...others}
      className={cx(styles.icon, className)}
      aria-label={label}
      title={label}
    >
      <Icon name={icon} />
    </button>
  );
}
