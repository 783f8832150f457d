import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { answer, api } from "../../../api/client";
import { problemText } from "../../../api/said";
import { Button } from "../../../components/Button";
import { Confirm } from "../../../components/Confirm";
import { Dialog } from "../../../components/Dialog";
import { CheckBox, SelectField, TextField } from "../../../components/Field";
import { OwnWords } from "../../../components/OwnWords";
import { Notice } from "../../../components/states";
import { typeName } from "../../../format/names";
import { formatDate } from "../../../format/times";
import { daysOfYears, deletedBefore, type Line, readDays, yearsOfDays, YEARS } from "./policy";
import { usePeriodText } from "./text";

const FOREVER = "forever";
const CUSTOM = "custom";

interface Props {
  line: Line;
  onClose: () => void;
  onDone: (told: string) => void;
}

interface Draft {
  /** null: for ever. */
  readonly days: number | null;
  readonly keepAggregates: boolean;
}

/** Choose how long; what would be deleted is said before, and asked once more where anything would be. */
export function SetRetention({ line, onClose, onDone }: Props) {
  const [draft, setDraft] = useState<Draft>();
  const { t } = useTranslation("settings/retention");
  const period = usePeriodText();
  const queries = useQueryClient();
  const saving = useMutation({
    mutationFn: (wanted: Draft) => save(line, wanted),
    onSuccess: (_, wanted) => {
      void queries.invalidateQueries({ queryKey: ["settings", "retention"] });
      onDone(t("done", { type: typeName(line.type), period: period(wanted.days) }));
      onClose();
    },
  });
  const choose = (wanted: Draft) => {
    if (wanted.days === null) saving.mutate(wanted);
    else setDraft(wanted);
  };
  if (draft?.days == null) return <Choose line={line} isBusy={saving.isPending} error={saving.error} onClose={onClose} onChoose={choose} />;
  return (
    <Confirm
      title={t("confirm.title", { type: typeName(line.type) })}
      yes={t("confirm.yes")}
      isBusy={saving.isPending}
      error={saving.error}
      onYes={() => saving.mutate(draft)}
      onClose={() => setDraft(undefined)}
    >
      <Consequences line={line} draft={draft} days={draft.days} />
    </Confirm>
  );
}

function Consequences({ line, draft, days }: { line: Line; draft: Draft; days: number }) {
  const { t } = useTranslation("settings/retention");
  const [now] = useState(Date.now);
  return (
    <>
      <p>{t("confirm.text", { type: typeName(line.type), date: formatDate(deletedBefore(days, now)) })}</p>
      <p>{t("confirm.daily")}</p>
      <p>{t(draft.keepAggregates ? "confirm.aggregatesStay" : "confirm.aggregatesGo")}</p>
      <p>
        <strong>{t("confirm.final")}</strong>
      </p>
    </>
  );
}

async function save(line: Line, { days, keepAggregates }: Draft): Promise<void> {
  const type = line.policy?.type ?? line.type;
  const params = { path: { type } };
  if (days !== null) {
    const compressAfterDays = line.policy?.compressAfterDays ?? null;
    await answer(api.PUT("/api/v1/retention/{type}", { params, body: { rawDays: days, keepAggregates, compressAfterDays } }));
  } else if (line.policy !== undefined) {
    await api.DELETE("/api/v1/retention/{type}", { params });
  }
}

function Choose({ line, isBusy, error, onClose, onChoose }: { line: Line; isBusy: boolean; error: Error | null; onClose: () => void; onChoose: (draft: Draft) => void }) {
  const { t } = useTranslation("settings/retention");
  const { t: shell } = useTranslation();
  const now = line.policy?.rawDays ?? null;
  const years = now === null ? undefined : yearsOfDays(now);
  const [choice, setChoice] = useState(now === null ? FOREVER : years === undefined ? CUSTOM : String(years));
  const [text, setText] = useState(now === null ? "" : String(now));
  const [keepAggregates, setKeep] = useState(line.policy?.keepAggregates ?? true);
  const [isWrong, setWrong] = useState(false);
  const submit = () => {
    const days = choice === FOREVER ? null : choice === CUSTOM ? readDays(text) : daysOfYears(Number(choice));
    setWrong(days === undefined);
    if (days !== undefined) onChoose({ days, keepAggregates });
  };
  return (
    <Dialog
      title={t("set.title", { type: typeName(line.type) })}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("set.no")}</Button>
          <Button kind="main" isBusy={isBusy} onClick={submit}>
            {t("set.yes")}
          </Button>
        </>
      }
    >
      <SelectField label={t("set.period")} value={choice} onChange={(event) => setChoice(event.target.value)}>
        <option value={FOREVER}>{t("forever")}</option>
        {YEARS.map((count) => (
          <option key={count} value={count}>
            {t("years", { count })}
          </option>
        ))}
        <option value={CUSTOM}>{t("set.custom")}</option>
      </SelectField>
      {choice === CUSTOM && (
        <TextField label={t("set.days")} inputMode="numeric" value={text} {...(isWrong && { error: t("set.wrong") })} onChange={(event) => setText(event.target.value)} />
      )}
      {choice !== FOREVER && <CheckBox label={t("set.keepAggregates")} checked={keepAggregates} onChange={(event) => setKeep(event.target.checked)} />}
      {error !== null && <Notice kind="bad">{problemText(error, (kind) => shell(`error.${kind}.title`))} <OwnWords error={error} /></Notice>}
    </Dialog>
  );
}
