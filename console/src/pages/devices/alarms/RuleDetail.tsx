import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { problemText } from "../../../api/said";
import { Link } from "../../../app/router";
import { Button } from "../../../components/Button";
import { Confirm } from "../../../components/Confirm";
import { cx } from "../../../components/cx";
import { Drawer } from "../../../components/Drawer";
import { OwnWords } from "../../../components/OwnWords";
import { ErrorState, Loading, Notice } from "../../../components/states";
import { plainId } from "../../../format/names";
import { formatCount } from "../../../format/numbers";
import { formatAge, formatMoment } from "../../../format/times";
import { formatValue } from "../../../format/units";
import styles from "./Alarms.module.css";
import { deleteRule, forget, type Rule, type Standing, switchRule, useNames, useStates, useWatchable } from "./asking";
import { RuleForm } from "./RuleForm";
import { Badge, Sentence } from "./RuleList";

/** One rule: what it watches, who is in alarm since when, and what can be done with it. */
export function RuleDetail({ rule, onClose }: { rule: Rule; onClose: () => void }) {
  const states = useStates(rule.id);
  const standing = states.data?.states ?? [];
  return (
    <Drawer title={rule.name} onClose={onClose}>
      <div className={styles.detail}>
        <p>
          <Sentence rule={rule} />
        </p>
        <p>
          <Badge rule={rule} count={states.data === undefined ? undefined : standing.filter((one) => one.state === "raised").length} />
        </p>
        <Acts rule={rule} onClose={onClose} />
        {states.isPending && <Loading />}
        {states.isError && states.data === undefined && <ErrorState error={states.error} onRetry={() => void states.refetch()} />}
        {states.data !== undefined && <Standings rule={rule} standing={standing} />}
      </div>
    </Drawer>
  );
}

function Acts({ rule, onClose }: { rule: Rule; onClose: () => void }) {
  const { t } = useTranslation("devices/alarms");
  const queries = useQueryClient();
  const [asking, setAsking] = useState<"edit" | "delete">();
  const isActive = rule.isActive !== false;
  const switching = useMutation({ mutationFn: () => switchRule(rule.id, !isActive), onSuccess: () => forget(queries) });
  const deleting = useMutation({
    mutationFn: () => deleteRule(rule.id),
    onSuccess: () => {
      onClose();
      void forget(queries);
    },
  });
  return (
    <div className={styles.part}>
      <div className={styles.row}>
        <Button onClick={() => setAsking("edit")}>{t("act.edit")}</Button>
        <Button isBusy={switching.isPending} onClick={() => switching.mutate()}>
          {t(isActive ? "act.rest" : "act.use")}
        </Button>
        <Button kind="danger" onClick={() => setAsking("delete")}>
          {t("act.delete")}
        </Button>
      </div>
      {!isActive && <Notice>{t("restingText")}</Notice>}
      {switching.isError && <Notice kind="bad">{t("failed", { why: problemText(switching.error, (kind) => t(`failure.${kind}`)) })} <OwnWords error={switching.error} /></Notice>}
      {asking === "edit" && <RuleForm rule={rule} onClose={() => setAsking(undefined)} />}
      {asking === "delete" && (
        <Confirm
          title={t("act.question", { name: rule.name })}
          yes={t("act.delete")}
          isBusy={deleting.isPending}
          error={deleting.error}
          onYes={() => deleting.mutate()}
          onClose={() => setAsking(undefined)}
        >
          <p>{t("act.follows")}</p>
        </Confirm>
      )}
    </div>
  );
}

const PHASES = ["raised", "pending", "normal"] as const;
const MOST = 200;

function Standings({ rule, standing }: { rule: Rule; standing: readonly Standing[] }) {
  const { t } = useTranslation("devices/alarms");
  if (standing.length === 0) return <p className={styles.soft}>{t("states.none")}</p>;
  return (
    <>
      {PHASES.map((phase) => {
        const those = standing.filter((one) => one.state === phase);
        if (those.length === 0) return null;
        return (
          <section key={phase} aria-labelledby={`phase-${phase}`} className={styles.part}>
            <h3 id={`phase-${phase}`}>{t(`states.${phase}`, { count: formatCount(those.length) })}</h3>
            <ul className={styles.log}>
              {those.slice(0, MOST).map((one) => (
                <li key={one.entity}>
                  <One rule={rule} one={one} />
                </li>
              ))}
            </ul>
          </section>
        );
      })}
    </>
  );
}

function One({ rule, one }: { rule: Rule; one: Standing }) {
  const { t } = useTranslation("devices/alarms");
  const names = useNames(rule.type);
  const known = useWatchable(rule.type);
  const unitCode = known.data?.find((each) => each.name === rule.attribute)?.unitCode;
  return (
    <>
      <span className={styles.row}>
        <Link to={`/?id=${encodeURIComponent(one.entity)}`}>{names.data?.get(one.entity) ?? plainId(one.entity)}</Link>
        {one.value !== undefined && <strong className="numbers">{formatValue(rule.attribute, one.value, unitCode)}</strong>}
      </span>
      <span className={cx(styles.soft, "numbers")}>{t("states.since", { at: formatMoment(one.since), age: formatAge(one.since) })}</span>
    </>
  );
}
