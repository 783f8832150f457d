import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../../../api/errors";
import { problemText, sayingOf } from "../../../api/said";
import { navigate, useSearch } from "../../../app/router";
import { useUnsaved } from "../../../app/unsaved";
import { Button } from "../../../components/Button";
import { OwnWords } from "../../../components/OwnWords";
import { EmptyState, ErrorState, Loading, Notice } from "../../../components/states";
import { changeGrant, createGrant, forget, useGrants } from "./asking";
import { Limits } from "./Limits";
import { type Draft, type Field, fieldAt, type Flaws, flawsOf, fromAddress, type Grant, readDraft, writeTerms } from "./logic/draft";
import { Preview } from "./Preview";
import { What } from "./What";
import { Who } from "./Who";
import styles from "./Grants.module.css";

export interface FieldProps {
  readonly draft: Draft;
  readonly change: (changes: Partial<Draft>) => void;
  readonly errorOf: (field: Field) => string | undefined;
}

export function NewGrant() {
  const [search] = useSearch();
  return <GrantForm initial={fromAddress(search)} />;
}

export function EditGrant({ id }: { id: number }) {
  const { t } = useTranslation("settings/grants");
  const grants = useGrants();
  if (grants.isPending) return <Loading />;
  if (grants.isError && grants.data === undefined) return <ErrorState error={grants.error} onRetry={() => void grants.refetch()} />;
  const former = grants.data.find((one) => one.id === id);
  if (former === undefined) return <EmptyState icon="search" title={t("form.missing")} />;
  return <GrantForm initial={readDraft(former)} former={former} />;
}

/** Where one came from, within the settings; else the list. */
function useReturn(): string | undefined {
  const [search] = useSearch();
  const asked = search.get("return");
  return asked?.startsWith("/settings/") === true ? asked : undefined;
}

/** The form keeps what is chosen whatever happens; beside it, in a sentence, what is about to be granted, and of how much. */
function GrantForm({ initial, former }: { initial: Draft; former?: Grant }) {
  const { t } = useTranslation("settings/grants");
  const { t: words } = useTranslation();
  const queries = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const back = useReturn();
  const [draft, setDraft] = useState(initial);
  const [isTried, setTried] = useState(false);
  const saving = useMutation({
    mutationFn: () => (former === undefined ? createGrant(draft.key === "" ? { organisation: draft.organisation } : { key: draft.key }, writeTerms(draft)) : changeGrant(former.id, writeTerms(draft, former))),
    onSuccess: async (saved) => {
      await forget(queries);
      navigate(back ?? `/settings/grants?saved=${saved.id}`, { isSaved: true });
    },
  });
  useUnsaved(draft !== initial && !saving.isPending && !saving.isSuccess);
  const change = (changes: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...changes }));
    saving.reset();
  };
  const flaws: Flaws = isTried ? flawsOf(draft) : {};
  const refused = saving.error instanceof ApiError ? fieldAt(saving.error.problem.pointer) : undefined;
  const errorOf = (field: Field) => {
    const flaw = flaws[field];
    if (flaw !== undefined) return t(`flaw.${field}.${flaw}`);
    return refused === field ? sayingOf(saving.error) : undefined;
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(flawsOf(draft)).length === 0) saving.mutate();
    else setTimeout(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
  };
  const props: FieldProps = { draft, change, errorOf };
  const count = Object.keys(flaws).length;
  return (
    <>
      <h2>{t(former === undefined ? "form.titleNew" : "form.titleEdit")}</h2>
      <div className={styles.columns}>
        <form ref={form} className={styles.form} onSubmit={submit} noValidate>
          <Who {...props} isFixed={former !== undefined} />
          <What {...props} />
          <Limits {...props} />
          {count > 0 && <Notice kind="bad">{t("form.mend", { count })}</Notice>}
          {saving.isError && <Notice kind="bad">{t("form.failed", { detail: problemText(saving.error, (kind) => words(`error.${kind}.title`)) })} <OwnWords error={saving.error} /></Notice>}
          <div className={styles.actions}>
            <Button type="submit" kind="main" isBusy={saving.isPending}>
              {t(former === undefined ? "form.create" : "form.save")}
            </Button>
            <Button onClick={() => navigate(back ?? "/settings/grants")}>{t("form.cancel")}</Button>
          </div>
        </form>
        <Preview draft={draft} />
      </div>
    </>
  );
}
