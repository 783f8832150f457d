import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../../../api/errors";
import { problemText } from "../../../api/said";
import { may } from "../../../api/session";
import { useAuth } from "../../../app/auth";
import { useUnsaved } from "../../../app/unsaved";
import { Button } from "../../../components/Button";
import { OwnWords } from "../../../components/OwnWords";
import { Notice } from "../../../components/states";
import { type Device, edit, forget, getDevice } from "./asking";
import { EditFields } from "./EditFields";
import styles from "./List.module.css";
import { changedIn, flawsOf, type Form, formOf, type Member, merge, patchOf } from "./logic/edit";

/** Edits a device. What was typed stays when somebody else was faster: one's own changes are put over theirs, to look at. */
export function EditForm({ device }: { device: Device }) {
  const { t } = useTranslation("devices/list");
  const { visitor } = useAuth();
  const queries = useQueryClient();
  const [base, setBase] = useState(device);
  const [form, setForm] = useState<Form>(() => formOf(device));
  const [isTried, setTried] = useState(false);
  const [others, setOthers] = useState<{ theirs: readonly Member[]; clashes: readonly Member[] }>();
  const changed = changedIn(formOf(base), form);
  const saving = useMutation({
    mutationFn: () => edit(device.id, base.revision ?? 0, patchOf(formOf(base), form)),
    onSuccess: (saved) => {
      setBase(saved);
      setForm(formOf(saved));
      setOthers(undefined);
      setTried(false);
      void forget(queries);
    },
    onError: async (error) => {
      if (!(error instanceof ApiError) || error.status !== 412) return;
      const now = await getDevice(device.id);
      const { form: merged, theirs, clashes } = merge(formOf(base), form, formOf(now));
      setBase(now);
      setForm(merged);
      setOthers({ theirs, clashes });
    },
  });
  useUnsaved(changed.length > 0, t("edit.leave"));
  if (!may(visitor, "devices:own:write")) return <Notice>{t("edit.forbidden")}</Notice>;
  const flaws = isTried ? flawsOf(form) : [];
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setTried(true);
    if (flawsOf(form).length === 0 && changed.length > 0) saving.mutate();
  };
  const names = (members: readonly Member[]) => members.map((member) => t(`edit.${member}`)).join(t("fact.comma"));
  return (
    <form className={styles.part} noValidate onSubmit={submit}>
      <EditFields form={form} flaws={flaws} isGateway={device.kind === "gateway"} set={(changes) => setForm((before) => ({ ...before, ...changes }))} />
      {others !== undefined && (
        <Notice kind="warn">
          {t("edit.conflict", { members: names(others.theirs) })} {others.clashes.length > 0 && t("edit.clash", { members: names(others.clashes) })}
        </Notice>
      )}
      {saving.isError && others === undefined && <Notice kind="bad">{t("edit.failed", { why: problemText(saving.error, (kind) => t(`failure.${kind}`)) })} <OwnWords error={saving.error} /></Notice>}
      {saving.isSuccess && changed.length === 0 && <Notice kind="good">{t("edit.saved")}</Notice>}
      <div className={styles.actions}>
        <Button type="submit" kind="main" isBusy={saving.isPending} disabled={changed.length === 0}>
          {t("edit.save")}
        </Button>
        {changed.length > 0 && <Button onClick={() => setForm(formOf(base))}>{t("edit.undo")}</Button>}
      </div>
    </form>
  );
}
