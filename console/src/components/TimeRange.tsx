/** A period of time by Japan's calendar: today, 7 days, a fiscal year, or from day to day. */

import { useTranslation } from "react-i18next";
import {
  DAY,
  fiscalYearOf,
  fiscalYearRange,
  formatFiscalYear,
  fromDateInput,
  startOfDay,
  toDateInput,
} from "../format/times";
import { Choice, SelectField, TextField } from "./Field";
import styles from "./TimeRange.module.css";

/** What stands in a permalink: `today`, `7d`, `30d`, `fy2026`, or `2026-11-01..2026-11-30` (both days included). */
export type Period = string;

export interface Range {
  /** ms; `to` is not included. */
  readonly from: number;
  readonly to: number;
}

const DAYS = /^(\d{1,4})d$/;
const FISCAL = /^fy(\d{4})$/;
const YEARS_BACK = 10;

/** The times of a period. Undefined for what is no period. */
export function rangeOf(period: Period, now: number = Date.now()): Range | undefined {
  if (period === "today") return { from: startOfDay(now), to: startOfDay(now) + DAY };
  const days = DAYS.exec(period)?.[1];
  if (days !== undefined) return { from: startOfDay(now) - (Number(days) - 1) * DAY, to: startOfDay(now) + DAY };
  const year = FISCAL.exec(period)?.[1];
  if (year !== undefined) return fiscalYearRange(Number(year));
  const [first, last] = period.split("..");
  const [from, until] = [fromDateInput(first ?? ""), fromDateInput(last ?? "")];
  return from === undefined || until === undefined || until < from ? undefined : { from, to: until + DAY };
}

type Kind = "today" | "7d" | "30d" | "fiscal" | "custom";

function kindOfPeriod(period: Period): Kind {
  if (period === "today" || period === "7d" || period === "30d") return period;
  return FISCAL.test(period) ? "fiscal" : "custom";
}

export function TimeRange({ value, onChange }: { value: Period; onChange: (period: Period) => void }) {
  const { t } = useTranslation();
  const kind = kindOfPeriod(value);
  const now = rangeOf(value) ?? { from: startOfDay(), to: startOfDay() + DAY };
  const custom = (from: number, until: number) => onChange(`${toDateInput(from)}..${toDateInput(until)}`);
  const choose = (next: Kind) => {
    if (next === "fiscal") onChange(`fy${fiscalYearOf()}`);
    else if (next === "custom") custom(now.from, Math.min(now.to, startOfDay() + DAY) - DAY);
    else onChange(next);
  };
  const [first, last] = value.split("..");
  const isWrong = kind === "custom" && rangeOf(value) === undefined;
  return (
    <div className={styles.range}>
      <Choice
        label={t("period.label")}
        value={kind}
        options={(["today", "7d", "30d", "fiscal", "custom"] as const).map((each) => ({ value: each, label: t(`period.${each}`) }))}
        onChange={choose}
      />
      {kind === "fiscal" && (
        <SelectField label={t("period.year")} value={value} onChange={(event) => onChange(event.target.value)}>
          {Array.from({ length: YEARS_BACK }, (_, back) => fiscalYearOf() - back).map((year) => (
            <option key={year} value={`fy${year}`}>
              {formatFiscalYear(year)}
            </option>
          ))}
        </SelectField>
      )}
      {kind === "custom" && (
        <>
          <TextField
            label={t("period.from")}
            type="date"
            value={first ?? ""}
            max={last}
            error={isWrong ? t("period.wrong") : undefined}
            onChange={(event) => onChange(`${event.target.value}..${last ?? ""}`)}
          />
          <TextField label={t("period.to")} type="date" value={last ?? ""} min={first} onChange={(event) => onChange(`${first ?? ""}..${event.target.value}`)} />
        </>
      )}
    </div>
  );
}
