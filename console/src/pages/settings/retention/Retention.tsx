import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { answer, api } from "../../../api/client";
import { may } from "../../../api/session";
import { getTypes } from "../../../api/types";
import { useAuth } from "../../../app/auth";
import { Button } from "../../../components/Button";
import { EmptyState, ErrorState, Loading, Notice } from "../../../components/states";
import { typeName } from "../../../format/names";
import { formatCount } from "../../../format/numbers";
import { formatDate, formatMoment } from "../../../format/times";
import common from "../Settings.module.css";
import { deletedBefore, type Line, linesOf } from "./policy";
import styles from "./Retention.module.css";
import { SetRetention } from "./SetRetention";
import { usePeriodText } from "./text";

/** How long the history of each type is kept, and the way to change it. */
export default function Retention() {
  const { t } = useTranslation("settings/retention");
  const [changed, setChanged] = useState<Line>();
  const [done, setDone] = useState<string>();
  const asked = useQuery({
    queryKey: ["settings", "retention"],
    queryFn: async ({ signal }) => {
      const [types, { policies }] = await Promise.all([getTypes(), answer(api.GET("/api/v1/retention", { signal }))]);
      return linesOf(types, policies).sort((one, other) => typeName(one.type).localeCompare(typeName(other.type), "ja"));
    },
  });
  return (
    <section className={common.section} aria-labelledby="retention">
      <h2 id="retention">{t("title")}</h2>
      <p className={common.soft}>{t("lead")}</p>
      {done !== undefined && <Notice kind="good">{done}</Notice>}
      {asked.isPending && <Loading />}
      {asked.isError && asked.data === undefined && <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />}
      {asked.data?.length === 0 && <EmptyState icon="history" title={t("none.title")}>{t("none.text")}</EmptyState>}
      {asked.data !== undefined && asked.data.length > 0 && <Lines lines={asked.data} onChange={setChanged} />}
      {changed !== undefined && <SetRetention line={changed} onClose={() => setChanged(undefined)} onDone={setDone} />}
    </section>
  );
}

function Lines({ lines, onChange }: { lines: readonly Line[]; onChange: (line: Line) => void }) {
  const { t } = useTranslation("settings/retention");
  const { visitor } = useAuth();
  const [now] = useState(Date.now);
  const mayChange = may(visitor, "settings:write");
  const period = usePeriodText();
  return (
    <ul className={styles.lines}>
      {lines.map((line) => (
        <li key={line.type}>
          <div>
            <strong>{typeName(line.type)}</strong> <span className={styles.period}>{period(line.policy?.rawDays)}</span>
            <LineDetail line={line} now={now} />
          </div>
          {mayChange && (
            <Button aria-label={t("changeOne", { type: typeName(line.type) })} onClick={() => onChange(line)}>
              {t("change")}
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

function LineDetail({ line: { policy }, now }: { line: Line; now: number }) {
  const { t } = useTranslation("settings/retention");
  if (policy?.rawDays == null) return <p className={common.soft}>{t("keptForever")}</p>;
  return (
    <p className={common.soft}>
      {t("deletes", { date: formatDate(deletedBefore(policy.rawDays, now)) })} {t(policy.keepAggregates ? "aggregatesStay" : "aggregatesGo")}{" "}
      {policy.lastDrop != null && t("lastDrop", { count: policy.valuesDropped ?? 0, shown: formatCount(policy.valuesDropped ?? 0), at: formatMoment(policy.lastDrop) })}
    </p>
  );
}
