import { useTranslation } from "react-i18next";
import { cx } from "../../../components/cx";
import { Icon, type IconName } from "../../../components/Icon";
import type { State } from "./judge";
import styles from "./System.module.css";

const ICONS: Record<State, IconName> = { good: "check", attention: "warning", bad: "stop", unknown: "info" };

/** A state by icon and word; the colour only says it again. */
export function StateMark({ state, text }: { state: State; text?: string }) {
  const { t } = useTranslation("settings/system");
  return (
    <span className={cx(styles.mark, styles[state])} data-state={state}>
      <Icon name={ICONS[state]} size={18} /> {text ?? t(`state.${state}`)}
    </span>
  );
}
