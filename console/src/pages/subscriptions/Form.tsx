import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../../api/errors";
import { navigate } from "../../app/router";
import { Button } from "../../components/Button";
import { EntityPicker } from "../../components/EntityPicker";
import { CheckBox, Choice, TextField } from "../../components/Field";
import { ErrorState, Loading, Notice } from "../../components/states";
import { attributeName, typeName } from "../../format/names";
import { AreaField } from "./AreaField";
import { create, forget, update, useDocument } from "./asking";
import { useTypes, useWatchable } from "./catalogue";
import { ConditionsField } from "./ConditionsField";
import { Json } from "./Json";
import { type Draft, EMPTY_DRAFT, fieldAt, type Field, type Flaws, flawsOf, readDraft, writeChanges, writeDraft } from "./logic/draft";
import { Preview } from "./Preview";
import styles from "./Subscriptions.module.css";

const MAX_PLACES = 50;

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

export interface FieldProps {
  draft: Draft;
  change: (changes: Partial<Draft>) => void;
  error: string | undefined;
}

/** The form keeps what is typed whatever happens; beside it, what would match now. */
function DraftForm({ initial, id }: { initial: Draft; id?: string }) {
  const { t } = useTranslation("subscriptions");
  const queries = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const [draft, setDraft] = useState(initial);
  const [isTried, setTried] = useState(false);
  const saving = useMutation({
    mutationFn: async () => {
      if (id === undefined) return create(writeDraft(draft));
      await update(id, writeChanges(draft));
      return id;
    },
    onSuccess: (saved) => {
      navigate(`/subscriptions/${encodeURIComponent(saved)}${id === undefined ? "?new" : ""}`);
      void forget(queries);
    },
  });
  const change = (changes: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...changes }));
    saving.reset();
  };
  const flaws: Flaws = isTried ? flawsOf(draft) : {};
  const refusal = saving.error instanceof ApiError ? saving.error : undefined;
  const refused = fieldAt(refusal?.problem.pointer);
  const errorOf = (field: Field): string | undefined => {
    const flaw = flaws[field];
    if (flaw !== undefined) return t(`flaw.${field}.${flaw}`);
    return refused === field ? refusal?.message : undefined;
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(flawsOf(draft)).length === 0) saving.mutate();
    else setTimeout(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
  };
  const flawed = Object.keys(flaws).length;
  const props = (field: Field): FieldProps => ({ draft, change, error: errorOf(field) });
  return (
    <>
      <h1>{t(id === undefined ? "form.titleNew" : "form.titleEdit")}</h1>
      <div className={styles.columns}>
        <form ref={form} className={styles.form} onSubmit={submit} noValidate>
          <What {...props("types")} watchedError={errorOf("watched")} />
          <ConditionsField {...props("conditions")} isTried={isTried} />
          <AreaField {...props("area")} />
          <Where {...props("uri")} headerError={errorOf("header")} secretError={errorOf("secret")} />
          <How {...props("throttling")} />
          {flawed > 0 && <Notice kind="bad">{t("form.mend", { count: flawed })}</Notice>}
          {refusal !== undefined && (
            <Notice kind="bad">
              <p>{t("form.refused")}</p>
              <p lang="en">{refusal.message}</p>
            </Notice>
          )}
          {saving.isError && refusal === undefined && <ErrorState error={saving.error} />}
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

const toggled = (list: readonly string[], name: string, isOn: boolean) => (isOn ? [...list, name] : list.filter((one) => one !== name));

function What({ draft, change, error, watchedError }: FieldProps & { watchedError: string | undefined }) {
  const { t } = useTranslation("subscriptions");
  const types = useTypes();
  const watchable = useWatchable(draft.types);
  const offered = [...new Set([...(watchable.data ?? []).map((one) => one.name), ...draft.watched])];
  return (
    <section className={styles.section} aria-labelledby="form-what">
      <h2 id="form-what">{t("form.what")}</h2>
      <fieldset className={styles.checks} aria-describedby="form-types-hint">
        <legend>{t("form.types")}</legend>
        <p id="form-types-hint" className={styles.soft}>
          {t("form.typesHint")}
        </p>
        {types.isPending && <Loading />}
        {types.isError && <ErrorState error={types.error} onRetry={() => void types.refetch()} />}
        <div>
          {[...new Set([...(types.data ?? []), ...draft.types])].map((type) => (
            <CheckBox
              key={type}
              label={typeName(type)}
              checked={draft.types.includes(type)}
              {...(error !== undefined && { "aria-invalid": true })}
              onChange={(event) => change({ types: toggled(draft.types, type, event.target.checked), ids: [] })}
            />
          ))}
        </div>
        {error !== undefined && (
          <p className={styles.error} role="alert">
            {error}
          </p>
        )}
      </fieldset>
      <fieldset className={styles.checks} aria-describedby="form-watched-hint">
        <legend>{t("form.watched")}</legend>
        <p id="form-watched-hint" className={styles.soft}>
          {draft.types.length === 0 ? t("form.watchedFirst") : t("form.watchedHint")}
        </p>
        <div>
          {offered.map((name) => (
            <CheckBox key={name} label={attributeName(name)} checked={draft.watched.includes(name)} onChange={(event) => change({ watched: toggled(draft.watched, name, event.target.checked) })} />
          ))}
        </div>
        {watchedError !== undefined && (
          <p className={styles.error} role="alert">
            {watchedError}
          </p>
        )}
      </fieldset>
      <details className={styles.more} open={draft.ids.length > 0 || undefined}>
        <summary>{t("form.places")}</summary>
        <p className={styles.soft}>{t("form.placesHint")}</p>
        <EntityPicker label={t("form.places")} value={draft.ids} max={MAX_PLACES} {...(draft.types.length > 0 && { types: draft.types })} onChange={(ids) => change({ ids })} />
      </details>
    </section>
  );
}

function Where({ draft, change, error, headerError, secretError }: FieldProps & { headerError: string | undefined; secretError: string | undefined }) {
  const { t } = useTranslation("subscriptions");
  const hasMore = draft.headerName !== "" || draft.secret !== "" || headerError !== undefined || secretError !== undefined;
  return (
    <section className={styles.section} aria-labelledby="form-where">
      <h2 id="form-where">{t("form.where")}</h2>
      <TextField
        label={t("form.uri")}
        hint={t("form.uriHint")}
        type="url"
        inputMode="url"
        autoComplete="off"
        value={draft.uri}
        {...(error !== undefined && { error })}
        onChange={(event) => change({ uri: event.target.value })}
      />
      <details className={styles.more} open={hasMore || undefined}>
        <summary>{t("form.more")}</summary>
        <div className={styles.pair}>
          <TextField
            label={t("form.headerName")}
            hint={t("form.headerNameHint")}
            isOptional
            autoComplete="off"
            value={draft.headerName}
            {...(headerError !== undefined && { error: headerError })}
            onChange={(event) => change({ headerName: event.target.value })}
          />
          <TextField
            label={t("form.headerValue")}
            hint={t("form.headerValueHint")}
            isOptional
            type="password"
            autoComplete="new-password"
            value={draft.headerValue}
            onChange={(event) => change({ headerValue: event.target.value })}
          />
        </div>
        <TextField
          label={t("form.secret")}
          hint={t("form.secretHint")}
          isOptional
          type="password"
          autoComplete="new-password"
          value={draft.secret}
          {...(secretError !== undefined && { error: secretError })}
          onChange={(event) => change({ secret: event.target.value })}
        />
      </details>
    </section>
  );
}

function How({ draft, change, error }: FieldProps) {
  const { t } = useTranslation("subscriptions");
  return (
    <section className={styles.section} aria-labelledby="form-how">
      <h2 id="form-how">{t("form.how")}</h2>
      <TextField label={t("form.name")} hint={t("form.nameHint")} isOptional value={draft.name} maxLength={200} onChange={(event) => change({ name: event.target.value })} />
      <div className={styles.narrow}>
        <TextField
          label={t("form.throttling")}
          hint={t("form.throttlingHint")}
          isOptional
          inputMode="decimal"
          value={draft.throttling}
          {...(error !== undefined && { error })}
          onChange={(event) => change({ throttling: event.target.value.normalize("NFKC") })}
        />
      </div>
      <Choice
        label={t("form.format")}
        value={draft.format}
        options={(["simplified", "concise", "normalized"] as const).map((one) => ({ value: one, label: t(`form.${one}`) }))}
        onChange={(format) => change({ format })}
      />
      {draft.watched.length > 0 && <CheckBox label={t("form.watchedOnly")} checked={draft.sendsWatchedOnly} onChange={(event) => change({ sendsWatchedOnly: event.target.checked })} />}
    </section>
  );
}
