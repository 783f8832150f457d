import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { TFunction } from "i18next";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { Confirm } from "../../../components/Confirm";
import { ErrorState, Loading } from "../../../components/states";
import { attributeName } from "../../../format/names";
import { formatNumber } from "../../../format/numbers";
import { formatDuration } from "../../../format/times";
import styles from "./Alarms.module.css";
import { deleteHealthRule, forget, type HealthRule, useHealthRules } from "./asking";
import { HealthForm } from "./HealthForm";

/** When a device is faulty: what cannot be true of its values. */
export function HealthRules({ canChange }: { canChange: boolean }) {
  const { t } = useTranslation("devices/alarms");
  const found = useHealthRules(true);
  const [editing, setEditing] = useState<HealthRule | "new">();
  const [deleting, setDeleting] = useState<HealthRule>();
  const rules = found.data?.rules ?? [];
  return (
    <section aria-labelledby="health" className={styles.section}>
      <h2 id="health">{t("health.title")}</h2>
      <p className={styles.soft}>{t("health.lead")}</p>
      <p className={styles.soft}>{t("health.silent")}</p>
      {found.isPending && <Loading />}
      {found.isError && found.data === undefined && <ErrorState error={found.error} onRetry={() => void found.refetch()} />}
      {found.isSuccess && rules.length === 0 && <p>{t("health.none")}</p>}
      <ul className={styles.log}>
        {rules.map((rule) => (
          <li key={rule.id}>
            <span className={styles.row}>
              <strong>{attributeName(rule.attribute)}</strong>
              {canChange && (
                <span className={styles.row}>
                  <Button aria-label={t("health.editOne", { id: rule.id })} onClick={() => setEditing(rule)}>
                    {t("act.edit")}
                  </Button>
                  <Button kind="danger" aria-label={t("health.deleteOne", { id: rule.id })} onClick={() => setDeleting(rule)}>
                    {t("act.delete")}
                  </Button>
                </span>
              )}
            </span>
            <span>{sayConditions(rule, t).join(t("health.or"))}</span>
            <span className={styles.soft}>
              {rule.devices !== undefined && rule.devices.length > 0
                ? t("health.forDevices", { count: rule.devices.length })
                : rule.profile === undefined
                  ? t("health.forAll")
                  : t("health.forProfile", { profile: rule.profile })}
            </span>
          </li>
        ))}
      </ul>
      {canChange && (
        <div>
          <Button icon="plus" onClick={() => setEditing("new")}>
            {t("health.make")}
          </Button>
        </div>
      )}
      {editing !== undefined && <HealthForm {...(editing !== "new" && { rule: editing })} onClose={() => setEditing(undefined)} />}
      {deleting !== undefined && <Delete rule={deleting} onClose={() => setDeleting(undefined)} />}
    </section>
  );
}

function sayConditions(rule: HealthRule, t: TFunction<"devices/alarms">): string[] {
  return [
    ...(rule.stuckValues === undefined ? [] : [t("says.stuckValues", { count: rule.stuckValues })]),
    ...(rule.stuckSeconds === undefined ? [] : [t("says.stuckSeconds", { time: formatDuration(rule.stuckSeconds) })]),
    ...(rule.maxStep === undefined ? [] : [t("says.maxStep", { step: formatNumber(rule.maxStep) })]),
    ...(rule.minimum === undefined ? [] : [t("says.minimum", { value: formatNumber(rule.minimum) })]),
    ...(rule.maximum === undefined ? [] : [t("says.maximum", { value: formatNumber(rule.maximum) })]),
  ];
}

function Delete({ rule, onClose }: { rule: HealthRule; onClose: () => void }) {
  const { t } = useTranslation("devices/alarms");
  const queries = useQueryClient();
  const deleting = useMutation({
    mutationFn: () => deleteHealthRule(rule.id),
    onSuccess: () => {
      void forget(queries);
      onClose();
    },
  });
  return (
    <Confirm title={t("health.question", { id: rule.id })} yes={t("act.delete")} isBusy={deleting.isPending} error={deleting.error} onYes={() => deleting.mutate()} onClose={onClose}>
      <p>{t("health.follows")}</p>
    </Confirm>
  );
}
