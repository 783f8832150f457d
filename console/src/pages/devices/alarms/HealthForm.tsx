import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { problemText } from "../../../api/said";
import { Button } from "../../../components/Button";
import { Dialog } from "../../../components/Dialog";
import { SelectField, TextField } from "../../../components/Field";
import { OwnWords } from "../../../components/OwnWords";
import { Notice } from "../../../components/states";
import styles from "./Alarms.module.css";
import { forget, type HealthRule, putHealthRule, useProfileNames } from "./asking";
import { newId } from "./logic/draft";
import { EMPTY, flawsOf, type Form, formOf, NUMBERS, ruleOf } from "./logic/health";

/** Makes or edits a health rule. One condition is enough; each that is given counts by itself. */
export function HealthForm({ rule, onClose }: { rule?: HealthRule; onClose: () => void }) {
  const { t } = useTranslation("devices/alarms");
  const queries = useQueryClient();
  const [form, setForm] = useState<Form>(() => (rule === undefined ? EMPTY : formOf(rule)));
  const [isTried, setTried] = useState(false);
  const id = useId();
  const saving = useMutation({
    mutationFn: () => putHealthRule(ruleOf(form, rule?.id ?? newId(form.attribute), rule)),
    onSuccess: () => {
      void forget(queries);
      onClose();
    },
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setTried(true);
    if (flawsOf(form).length === 0) saving.mutate();
  };
  const footer = (
    <>
      <Button onClick={onClose}>{t("form.cancel")}</Button>
      <Button kind="main" type="submit" form={id} isBusy={saving.isPending}>
        {t(rule === undefined ? "form.make" : "form.save")}
      </Button>
    </>
  );
  return (
    <Dialog title={t(rule === undefined ? "health.new" : "health.edit")} onClose={onClose} footer={footer}>
      <form id={id} className={styles.part} noValidate onSubmit={submit}>
        <Fields form={form} isTried={isTried} set={(changes) => setForm((before) => ({ ...before, ...changes }))} />
        {saving.isError && <Notice kind="bad">{t("failed", { why: problemText(saving.error, (kind) => t(`failure.${kind}`)) })} <OwnWords error={saving.error} /></Notice>}
      </form>
    </Dialog>
  );
}

function Fields({ form, isTried, set }: { form: Form; isTried: boolean; set: (changes: Partial<Form>) => void }) {
  const { t } = useTranslation("devices/alarms");
  const profiles = useProfileNames();
  const flaws = isTried ? flawsOf(form) : [];
  return (
    <>
      <TextField
        label={t("health.attribute")}
        hint={t("health.attributeHint")}
        spellCheck={false}
        maxLength={512}
        value={form.attribute}
        onChange={(event) => set({ attribute: event.target.value })}
        {...(flaws.includes("attribute") && { error: t("flaw.attributeName") })}
      />
      <SelectField label={t("health.profile")} value={form.profile} onChange={(event) => set({ profile: event.target.value })}>
        <option value="">{t("health.allDevices")}</option>
        {[...new Set([...(profiles.data ?? []).map((one) => one.name), ...(form.profile === "" ? [] : [form.profile])])].map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </SelectField>
      <p>{t("health.conditions")}</p>
      {NUMBERS.map((name) => (
        <TextField
          key={name}
          label={t(`health.${name}`)}
          hint={name === "stuckValues" ? t("health.stuckHint") : undefined}
          isOptional
          inputMode="decimal"
          maxLength={20}
          value={form[name]}
          onChange={(event) => set({ [name]: event.target.value })}
          {...(flaws.includes(name) && { error: t(`flaw.${name}`) })}
        />
      ))}
      {flaws.includes("condition") && <Notice kind="bad">{t("flaw.condition")}</Notice>}
      {flaws.includes("order") && <Notice kind="bad">{t("flaw.range")}</Notice>}
    </>
  );
}
