import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../../api/errors";
import { problemText } from "../../api/said";
import { navigate } from "../../app/router";
import { useUnsaved } from "../../app/unsaved";
import { Button } from "../../components/Button";
import { Said } from "../../components/Said";
import { ErrorState, Loading, Notice } from "../../components/states";
import { AreaField } from "./AreaField";
import { create, forget, update, useDocument } from "./asking";
import { ConditionsField } from "./ConditionsField";
import type { ErrorOf, PartProps } from "./fields";
import { FormHow } from "./FormHow";
import { FormRare } from "./FormRare";
import { FormWhat } from "./FormWhat";
import { FormWhere } from "./FormWhere";
import { Json } from "./Json";
import { type Draft, EMPTY_DRAFT, type Flaws, flawsOf, writeDraft } from "./logic/draft";
import { fieldAt, readDraft, writeChanges } from "./logic/stored";
import { Preview } from "./Preview";
import styles from "./Subscriptions.module.css";

export function NewForm() {
  return <DraftForm initial={EMPTY_DRAFT} />;
}

export function EditForm({ id }: { id: string }) {
  const { t } = useTranslation("subscriptions");
  const found = useDocument(id);
  if (found.isPending) return <Loading />;
  if (found.isError) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />;
  const draft = readDraft(found.data);
  if (draft === undefined) {
    return (
      <>
        <h1>{t("form.titleEdit")}</h1>
        <Notice kind="warn">{t("form.rich")}</Notice>
        <Json label={t("detail.json")} value={found.data} />
      </>
    );
  }
  return <DraftForm initial={draft} id={id} />;
}

/** Makes the subscription, or changes it, and goes to see how it stands. */
function useSaving(draft: Draft, id: string | undefined) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      if (id === undefined) return create(writeDraft(draft));
      await update(id, writeChanges(draft));
      return id;
    },
    onSuccess: (saved) => {
      navigate(`/subscriptions/${encodeURIComponent(saved)}${id === undefined ? "?new" : ""}`, { isSaved: true });
      void forget(queries);
    },
  });
}

/** The form keeps what is typed whatever happens; beside it, what would match now. */
function DraftForm({ initial, id }: { initial: Draft; id?: string }) {
  const { t } = useTranslation("subscriptions");
  const shell = useTranslation();
  const form = useRef<HTMLFormElement>(null);
  const [draft, setDraft] = useState(initial);
  const [isTried, setTried] = useState(false);
  const saving = useSaving(draft, id);
  useUnsaved(JSON.stringify(draft) !== JSON.stringify(initial));
  const flaws: Flaws = isTried ? flawsOf(draft) : {};
  const refusal = saving.error instanceof ApiError ? saving.error : undefined;
  const errorOf: ErrorOf = (field) => {
    const flaw = flaws[field];
    if (flaw !== undefined) return t(`flaw.${field}.${flaw}`);
    return fieldAt(refusal?.problem.pointer) === field ? problemText(refusal, (kind) => shell.t(`error.${kind}.title`)) : undefined;
  };
  const change = (changes: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...changes }));
    saving.reset();
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(flawsOf(draft)).length === 0) saving.mutate();
    else setTimeout(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
  };
  const props: PartProps = { draft, change, errorOf };
  return (
    <>
      <h1>{t(id === undefined ? "form.titleNew" : "form.titleEdit")}</h1>
      <div className={styles.columns}>
        <form ref={form} className={styles.form} onSubmit={submit} noValidate>
          <FormWhat {...props} />
          <ConditionsField draft={draft} change={change} error={errorOf("conditions")} isTried={isTried} />
          <AreaField draft={draft} change={change} error={errorOf("area")} />
          <FormRare {...props} />
          <FormWhere {...props} />
          <FormHow {...props} />
          <Outcome flawed={Object.keys(flaws).length} error={saving.error} />
          <div className={styles.actions}>
            <Button type="submit" kind="main" isBusy={saving.isPending}>
              {t(id === undefined ? "form.create" : "form.save")}
            </Button>
            <Button onClick={() => navigate(id === undefined ? "/subscriptions" : `/subscriptions/${encodeURIComponent(id)}`)}>{t("form.cancel")}</Button>
          </div>
        </form>
        <Preview draft={draft} />
      </div>
    </>
  );
}

/** What has to be mended, or what the API said. */
function Outcome({ flawed, error }: { flawed: number; error: Error | null }) {
  const { t } = useTranslation("subscriptions");
  if (flawed > 0) return <Notice kind="bad">{t("form.mend", { count: flawed })}</Notice>;
  if (error === null) return null;
  if (!(error instanceof ApiError)) return <ErrorState error={error} />;
  return (
    <Notice kind="bad">
      <p>{t("form.refused")}</p>
      <Said error={error} />
    </Notice>
  );
}
