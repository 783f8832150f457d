import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { EntityPicker } from "../../components/EntityPicker";
import { CheckBox, Choice, SelectField, TextField } from "../../components/Field";
import { attributeName, typeName } from "../../format/names";
import { formatFiscalYear } from "../../format/times";
import { type Measured, useTypes } from "./catalogue";
import styles from "./History.module.css";
import { type Bucket, BUCKETS, chooseBucket, type Method, METHODS } from "./logic/bucket";
import { ALIGNMENTS, MAX_YEARS } from "./logic/compare";
import { DAY, dayOf, fiscalYearOf, parseDay, startOf, writeDay } from "./logic/jst";
import { daysOf, lastMonth, type Period, type Span, thisFiscalYear } from "./logic/period";
import { MAX_IDS, type Question } from "./logic/question";
import { monthName, periodName } from "./titles";
import type { Change } from "./useQuestion";
import { useToday } from "./useToday";

const MONTHS_BACK = 36;
const YEARS_BACK = 10;

interface Props {
  question: Question;
  completed: Question;
  measured: UseQueryResult<Measured>;
  span: Span;
  bucket: Bucket;
  change: Change;
}

export function Conditions(props: Props) {
  const { t } = useTranslation("history");
  const [isWide] = useState(() => window.matchMedia("(width >= 1080px)").matches);
  return (
    <section aria-label={t("conditions")}>
      <details className={styles.conditions} open={isWide}>
        <summary>{t("conditions")}</summary>
        <div className={styles.groups}>
          <What {...props} />
          <When {...props} />
          <How {...props} />
        </div>
      </details>
    </section>
  );
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className={styles.group}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

function What({ question, completed, measured, change }: Props) {
  const { t } = useTranslation("history");
  const known = useTypes();
  const [first, ...others] = question.types;
  const offered = [...new Set([...(measured.data?.attributes ?? []), ...completed.attributes])];
  const setTypes = (types: string[]) => change({ types, ids: [], shown: [], attributes: [], methods: [] });
  const toggle = (name: string, isOn: boolean) => {
    const attributes = isOn ? [...completed.attributes, name] : completed.attributes.filter((one) => one !== name);
    if (attributes.length > 0) change({ attributes, methods: [], shown: question.shown });
  };
  return (
    <Group title={t("what.title")}>
      {question.types.length > 0 && (
        <SelectField label={t("what.type")} value={first} onChange={(event) => setTypes([event.target.value])}>
          {[...new Set([...(known.data ?? []), ...question.types])].map((type) => (
            <option key={type} value={type}>
              {typeName(type)}
            </option>
          ))}
        </SelectField>
      )}
      <fieldset className={styles.checks}>
        <legend>{t("what.attributes")}</legend>
        {measured.isPending && <p className={styles.soft}>{t("what.loading")}</p>}
        {offered.map((name) => (
          <CheckBox
            key={name}
            label={attributeName(name)}
            checked={completed.attributes.includes(name)}
            onChange={(event) => toggle(name, event.target.checked)}
          />
        ))}
      </fieldset>
      <details className={styles.more} open={question.ids.length > 0 || undefined}>
        <summary>{t("what.places")}</summary>
        <p className={styles.soft}>{t("what.allPlaces")}</p>
        <EntityPicker
          label={t("what.places")}
          value={question.ids}
          max={MAX_IDS}
          {...(question.types.length > 0 && { types: question.types })}
          onChange={(ids) => change({ ids, shown: [] })}
        />
      </details>
      {first !== undefined && (known.data?.length ?? 0) > 1 && (
        <details className={styles.more} open={others.length > 0 || undefined}>
          <summary>{t("what.more")}</summary>
          <div className={styles.checks}>
            {known.data
              ?.filter((type) => type !== first)
              .map((type) => (
                <CheckBox
                  key={type}
                  label={typeName(type)}
                  checked={others.includes(type)}
                  onChange={(event) => change({ types: event.target.checked ? [...question.types, type] : question.types.filter((one) => one !== type), shown: [] })}
                />
              ))}
          </div>
        </details>
      )}
    </Group>
  );
}

const KINDS = ["today", "week", "days", "month", "fiscal", "custom"] as const;
type Kind = (typeof KINDS)[number];

function kindOf(period: Period): Kind {
  if (period.kind === "days") return period.count === 7 ? "week" : "days";
  return period.kind === "exact" ? "custom" : period.kind;
}

function When({ question, span, change }: Props) {
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

function How({ question, completed, span, bucket, change }: Props) {
  const { t } = useTranslation("history");
  const toggle = (method: Method, isOn: boolean) => {
    const methods = METHODS.filter((one) => (one === method ? isOn : completed.methods.includes(one)));
    if (methods.length > 0) change({ methods });
  };
  return (
    <Group title={t("how.title")}>
      <SelectField
        label={t("how.bucket")}
        value={question.bucket ?? ""}
        onChange={(event) => change({ bucket: event.target.value === "" ? undefined : (event.target.value as Bucket) })}
      >
        <option value="">{t("how.auto", { bucket: t(`bucket.${chooseBucket(span)}`) })}</option>
        {BUCKETS.map((one) => (
          <option key={one} value={one}>
            {t(`bucket.${one}`)}
          </option>
        ))}
      </SelectField>
      {bucket === "none" ? (
        <p className={styles.soft}>{t("how.methodsRaw")}</p>
      ) : (
        <fieldset className={styles.checks}>
          <legend>{t("how.methods")}</legend>
          {METHODS.map((method) => (
            <CheckBox key={method} label={t(`method.${method}`)} checked={completed.methods.includes(method)} onChange={(event) => toggle(method, event.target.checked)} />
          ))}
        </fieldset>
      )}
      <SelectField label={t("how.years")} value={question.years} onChange={(event) => change({ years: Number(event.target.value) })}>
        <option value={0}>{t("how.noYears")}</option>
        {Array.from({ length: MAX_YEARS }, (_, index) => index + 1).map((years) => (
          <option key={years} value={years}>
            {t("how.yearsBack", { count: years })}
          </option>
        ))}
      </SelectField>
      {question.years > 0 && (
        <Choice label={t("how.alignment")} value={question.alignment} options={ALIGNMENTS.map((one) => ({ value: one, label: t(`how.${one}`) }))} onChange={(alignment) => change({ alignment })} />
      )}
    </Group>
  );
}
