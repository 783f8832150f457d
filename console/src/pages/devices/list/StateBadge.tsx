import { useTranslation } from "react-i18next";
import { cx } from "../../../components/cx";
import { Icon, type IconName } from "../../../components/Icon";
import type { DeviceState } from "./asking";
import styles from "./List.module.css";

const LOOKS: Record<DeviceState, { tone: "good" | "warning" | "bad" | "quiet"; icon: IconName }> = {
  active: { tone: "good", icon: "check" },
  silent: { tone: "warning", icon: "warning" },
  faulty: { tone: "bad", icon: "stop" },
  provisioned: { tone: "quiet", icon: "info" },
  retired: { tone: "quiet", icon: "lock" },
};

/** A state in words, with a sign of its own: never by colour alone. */
export function StateBadge({ state }: { state: DeviceState }) {
  const { t } = useTranslation("devices/list");
  const { tone, icon } = LOOKS[state];
  return (
    <span className={cx(styles.badge, styles[tone])}>
      <Icon name={icon} size={18} />
      {t(`state.${state}`)}
    </span>
  );
}
