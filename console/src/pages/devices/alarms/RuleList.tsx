import { useTranslation } from "react-i18next";
import { cx } from "../../../components/cx";
import { Icon } from "../../../components/Icon";
import { formatCount } from "../../../format/numbers";
import { valueWord } from "../../../format/names";
import styles from "./Alarms.module.css";
import { type Rule, useWatchable } from "./asking";
import { sayRule } from "./saying";

interface Props {
  rules: readonly Rule[];
  raised: ReadonlyMap<string, number>;
  open: string | null;
  onOpen: (id: string) => void;
}

/** The rules, those that are raised first. */
export function RuleList({ rules, raised, open, onOpen }: Props) {
  const { t } = useTranslation("devices/alarms");
  const ordered = [...rules].sort((one, other) => (raised.get(other.id) ?? 0) - (raised.get(one.id) ?? 0) || one.name.localeCompare(other.name, "ja"));
  return (
    <ul className={styles.rules} aria-label={t("list")}>
      {ordered.map((rule) => (
        <li key={rule.id} className={cx(styles.rule, rule.id === open && styles.chosen)}>
          <button type="button" className={styles.name} onClick={() => onOpen(rule.id)}>
            {rule.name}
          </button>
          <p>
            <Sentence rule={rule} />
          </p>
          <p className={styles.row}>
            <Badge rule={rule} count={raised.get(rule.id)} />
            <span className={styles.soft}>{t("severityIs", { severity: valueWord(rule.severity ?? "medium") })}</span>
          </p>
        </li>
      ))}
    </ul>
  );
}

export function Sentence({ rule }: { rule: Rule }) {
  const { t } = useTranslation("devices/alarms");
  const { data } = useWatchable(rule.type);
  return <>{sayRule(rule, data?.find((one) => one.name === rule.attribute)?.unitCode, t)}</>;
}

/** Whether a rule rests, and how many are in alarm. */
export function Badge({ rule, count }: { rule: Rule; count: number | undefined }) {
  const { t } = useTranslation("devices/alarms");
  if (rule.isActive === false) {
    return (
      <span className={cx(styles.badge, styles.quiet)}>
        <Icon name="moon" size={18} /> {t("resting")}
      </span>
    );
  }
  if (count === undefined) return null;
  return (
    <span className={cx(styles.badge, count > 0 ? styles.bad : styles.good)}>
      <Icon name={count > 0 ? "stop" : "check"} size={18} /> {count > 0 ? t("raised", { count: formatCount(count) }) : t("calm")}
    </span>
  );
}
