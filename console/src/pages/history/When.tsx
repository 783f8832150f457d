import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Choice, SelectField, TextField } from "../../components/Field";
import { formatFiscalYear } from "../../format/times";
import { type ConditionProps, Group } from "./Group";
import styles from "./History.module.css";
import { DAY, dayOf, fiscalYearOf, parseDay, startOf, writeDay } from "./logic/jst";
import { daysOf, lastMonth, type Period, thisFiscalYear } from "./logic/period";
import { monthName, periodName } from "./titles";
import { useToday } from "./useToday";

const MONTHS_BACK = 36;
const YEARS_BACK = 10;
const KINDS = ["today", "week", "days", "month", "fiscal", "custom"] as const;
type Kind = (typeof KINDS)[number];

function kindOf(period: Period): Kind {
  if (period.kind === "days") return period.count === 7 ? "week" : "days";
  return period.kind === "exact" ? "custom" : period.kind;
}

/** Today, seven days, a month, a fiscal year, or days as typed. */
export function When({ question, span, change }: ConditionProps) {
  const { t } = useTranslation("history");
  const { period } = question;
  const set = (next: Period) => change({ period: next, asOf: undefined });
  const now = useToday();
  const choose = (kind: Kind) => {
    const periods: Record<Kind, () => Period> = {
      today: () => ({ kind: "today" }),
      week: () => ({ kind: "days", count: 7 }),
      days: () => ({ kind: "days", count: 30 }),
      month: () => lastMonth(now),
      fiscal: () => thisFiscalYear(now),
      custom: () => ({ kind: "custom", ...daysOf({ from: span.from, to: Math.min(span.to, now + DAY) }) }),
    };
    set(periods[kind]());
  };
  if (period.kind === "exact") {
    return (
      <Group title={t("when.title")}>
        <p>{t("when.exact", { period: periodName(period, span) })}</p>
        <div>
          <Button onClick={() => choose("custom")}>{t("when.free")}</Button>
        </div>
      </Group>
    );
  }
  return (
    <Group title={t("when.title")}>
      <Choice label={t("when.label")} isLabelHidden value={kindOf(period)} options={KINDS.map((kind) => ({ value: kind, label: t(`when.${kind}`) }))} onChange={choose} />
      {period.kind === "month" && <Month year={period.year} month={period.month} set={set} />}
      {period.kind === "fiscal" && <FiscalYear year={period.year} set={set} />}
      {period.kind === "custom" && <Custom key={`${period.first} ${period.last}`} first={period.first} last={period.last} set={set} />}
    </Group>
  );
}

function Month({ year, month, set }: { year: number; month: number; set: (period: Period) => void }) {
  const { t } = useTranslation("history");
  const now = dayOf(useToday());
  const starts = Array.from({ length: MONTHS_BACK }, (_, back) => startOf({ year: now.year, month: now.month - back, day: 1 }));
  const chosen = startOf({ year, month, day: 1 });
  return (
    <SelectField
      label={t("when.month")}
      value={chosen}
      onChange={(event) => {
        const day = dayOf(Number(event.target.value));
        set({ kind: "month", year: day.year, month: day.month });
      }}
    >
      {[...new Set([...starts, chosen])].map((start) => (
        <option key={start} value={start}>
          {monthName(start)}
        </option>
      ))}
    </SelectField>
  );
}

function FiscalYear({ year, set }: { year: number; set: (period: Period) => void }) {
  const { t } = useTranslation("history");
  const present = fiscalYearOf(useToday());
  const years = Array.from({ length: YEARS_BACK }, (_, back) => present - back);
  return (
    <SelectField label={t("when.fiscal")} value={year} onChange={(event) => set({ kind: "fiscal", year: Number(event.target.value) })}>
      {[...new Set([...years, year])].map((one) => (
        <option key={one} value={one}>
          {formatFiscalYear(one)}
        </option>
      ))}
    </SelectField>
  );
}

/** What is typed stays while it is wrong; it is asked for as soon as it is right. */
function Custom({ first, last, set }: { first: string; last: string; set: (period: Period) => void }) {
  const { t } = useTranslation("history");
  const [typed, setTyped] = useState({ first, last });
  const [from, until] = [parseDay(typed.first), parseDay(typed.last)];
  const isReversed = from !== undefined && until !== undefined && until < from;
  const update = (next: { first: string; last: string }) => {
    setTyped(next);
    const [start, end] = [parseDay(next.first), parseDay(next.last)];
    const isRight = start !== undefined && end !== undefined && start <= end;
    if (isRight && (next.first !== first || next.last !== last)) set({ kind: "custom", ...next });
  };
  const today = writeDay(useToday());
  return (
    <div className={styles.pair}>
      <TextField
        label={t("when.first")}
        type="date"
        value={typed.first}
        max={today}
        {...(from === undefined && { error: t("when.missing") })}
        onChange={(event) => update({ ...typed, first: event.target.value })}
      />
      <TextField
        label={t("when.last")}
        type="date"
        value={typed.last}
        {...(until === undefined ? { error: t("when.missing") } : isReversed && { error: t("when.order") })}
        onChange={(event) => update({ ...typed, last: event.target.value })}
      />
    </div>
  );
}
