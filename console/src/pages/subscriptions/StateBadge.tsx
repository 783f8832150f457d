import { useTranslation } from "react-i18next";
import { cx } from "../../components/cx";
import { Icon, type IconName } from "../../components/Icon";
import { type Condition, type Tone, toneOf } from "./logic/reasons";
import styles from "./Subscriptions.module.css";

const ICONS: Record<Tone, IconName> = { good: "check", warning: "warning", bad: "stop", quiet: "info" };

/** A state in words, with a sign of its own: never by colour alone. */
export function StateBadge({ condition }: { condition: Condition }) {
  const { t } = useTranslation("subscriptions");
  const tone = toneOf(condition);
  return (
    <span className={cx(styles.badge, styles[tone])}>
      <Icon name={ICONS[tone]} size={18} />
      {t(`state.${condition}`)}
    </span>
  );
}
