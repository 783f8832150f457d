import { useState } from "react";
import { useTranslation } from "react-i18next";
import { may } from "../../../api/session";
import { useAuth } from "../../../app/auth";
import { useSearch } from "../../../app/router";
import { Button } from "../../../components/Button";
import { EmptyState, ErrorState, Loading } from "../../../components/states";
import styles from "./Alarms.module.css";
import { useRaised, useRules } from "./asking";
import { HealthRules } from "./HealthRules";
import { RuleDetail } from "./RuleDetail";
import { RuleForm } from "./RuleForm";
import { RuleList } from "./RuleList";

/** Thresholds that raise alarms, who is beyond them now, and what makes a device faulty. */
export function Alarms() {
  const { t } = useTranslation("devices/alarms");
  const { visitor } = useAuth();
  const [search, change] = useSearch();
  const [isMaking, setMaking] = useState(false);
  const found = useRules();
  const rules = found.data?.rules ?? [];
  const raised = useRaised(rules.map((rule) => rule.id));
  const open = search.get("rule");
  const chosen = rules.find((rule) => rule.id === open);
  const make = (
    <Button kind="main" icon="plus" onClick={() => setMaking(true)}>
      {t("make")}
    </Button>
  );
  return (
    <>
      <header className={styles.head}>
        <div>
          <h1>{t("title")}</h1>
          <p className={styles.soft}>{t("lead")}</p>
        </div>
        {rules.length > 0 && make}
      </header>
      {found.isPending && <Loading />}
      {found.isError && found.data === undefined && <ErrorState error={found.error} onRetry={() => void found.refetch()} />}
      {found.isSuccess && rules.length === 0 && (
        <EmptyState icon="subscribe" title={t("empty.title")} action={make}>
          {t("empty.text")}
        </EmptyState>
      )}
      {rules.length > 0 && <RuleList rules={rules} raised={raised} open={open} onOpen={(id) => change({ rule: id }, { push: true })} />}
      {may(visitor, "devices:read") && <HealthRules canChange={may(visitor, "devices:write")} />}
      {isMaking && <RuleForm onClose={() => setMaking(false)} onMade={(id) => change({ rule: id })} />}
      {chosen !== undefined && <RuleDetail key={chosen.id} rule={chosen} onClose={() => change({ rule: undefined })} />}
    </>
  );
}
