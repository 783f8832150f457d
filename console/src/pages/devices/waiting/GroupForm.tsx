import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { mayLeave } from "../../../app/unsaved";
import { Button } from "../../../components/Button";
import { Dialog } from "../../../components/Dialog";
import { TextField } from "../../../components/Field";
import { Said } from "../../../components/Said";
import { Notice } from "../../../components/states";
import { Login } from "../new/Login";
import { ProfileField } from "../new/ProfileStep";
import { forget, putGroup } from "./asking";
import { draftOf, flawsOf, idOf, NEW_TERMS, type Terms } from "./logic/terms";
import styles from "./Waiting.module.css";

/** Lets unknown devices of a gateway wait, or makes a group with a key of its own, which is shown this once. */
export function GroupForm({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("devices/waiting");
  const [terms, setTerms] = useState<Terms>(NEW_TERMS);
  const [isTried, setTried] = useState(false);
  const formId = useId();
  const queries = useQueryClient();
  const making = useMutation({
    mutationFn: () => putGroup(idOf(terms), draftOf(terms)),
    gcTime: 0,
    onSuccess: (made) => {
      void forget(queries);
      if (made.mqtt === undefined) onClose();
    },
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setTried(true);
    if (flawsOf(terms).length === 0) making.mutate();
  };
  const made = making.data?.mqtt;
  const close = () => {
    if (mayLeave()) onClose(); // a key that nobody wrote down is gone
  };
  return (
    <Dialog
      title={t(made === undefined ? "make.title" : "make.done", { id: idOf(terms) })}
      onClose={close}
      footer={
        made === undefined ? (
          <>
            <Button onClick={onClose}>{t("approve.no")}</Button>
            <Button type="submit" form={formId} kind="main" isBusy={making.isPending}>
              {t("make.yes")}
            </Button>
          </>
        ) : (
          <Button onClick={close}>{t("approve.close")}</Button>
        )
      }
    >
      {made !== undefined ? (
        <div className={styles.form}>
          <p>{t("make.key")}</p>
          <Login id={idOf(terms)} shown={made} />
        </div>
      ) : (
        <form id={formId} className={styles.form} noValidate onSubmit={submit}>
          <TermFields terms={terms} set={(changes) => setTerms((before) => ({ ...before, ...changes }))} flaws={isTried ? flawsOf(terms) : []} />
          {making.isError && (
            <Notice kind="bad">
              {t("failed")} <Said error={making.error} />
            </Notice>
          )}
        </form>
      )}
    </Dialog>
  );
}

const TEXTS = ["id", "prefix", "most", "until"] as const;

function TermFields({ terms, set, flaws }: { terms: Terms; set: (changes: Partial<Terms>) => void; flaws: readonly string[] }) {
  const { t } = useTranslation("devices/waiting");
  return (
    <>
      {TEXTS.map((name) => (
        <TextField
          key={name}
          label={t(`make.${name}`)}
          hint={t(`make.${name}Hint`)}
          isOptional={name === "prefix" || name === "until"}
          autoComplete="off"
          type={name === "until" ? "date" : "text"}
          {...(name === "most" && { inputMode: "numeric" as const })}
          maxLength={64}
          value={terms[name]}
          onChange={(event) => set({ [name]: event.target.value })}
          {...(flaws.includes(name) && { error: t(`flaw.${name}`) })}
        />
      ))}
      <ProfileField value={terms.profile} onChange={(profile) => set({ profile })} hint={t("make.profileHint")} isOptional />
    </>
  );
}
