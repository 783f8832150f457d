import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../../../api/errors";
import { Link } from "../../../app/router";
import { mayLeave } from "../../../app/unsaved";
import { Button } from "../../../components/Button";
import { Dialog } from "../../../components/Dialog";
import { Said } from "../../../components/Said";
import { Notice } from "../../../components/states";
import { formatCount } from "../../../format/numbers";
import { draftOf, EMPTY, flawsOf, type Form } from "../logic/draft";
import { DeviceFields } from "../new/DeviceFields";
import { Login } from "../new/Login";
import { troubleOf } from "../new/logic/trouble";
import { approve, forget, type WaitingDevice } from "./asking";
import styles from "./Waiting.module.css";

type Approved = Awaited<ReturnType<typeof approve>>;

/** Lets a device in: under which id, as what, where. Then its password, and what became of its messages. */
export function Approve({ device, onClose }: { device: WaitingDevice; onClose: () => void }) {
  const { t } = useTranslation("devices/waiting");
  const [form, setForm] = useState<Form>({ ...EMPTY, id: device.name, profile: device.profile ?? "" });
  const [isTried, setTried] = useState(false);
  const formId = useId();
  const queries = useQueryClient();
  const approving = useMutation({
    mutationFn: () => {
      const { id, ...draft } = draftOf(form);
      return approve(device, { ...draft, deviceId: id });
    },
    gcTime: 0,
    onSuccess: () => void forget(queries),
  });
  const refused = approving.error instanceof ApiError ? troubleOf(approving.error.status, approving.error.problem.pointer)?.flaw : undefined;
  const own = isTried ? [...flawsOf(form, "profile"), ...flawsOf(form, "place"), ...flawsOf(form, "name")] : [];
  const flaws: readonly string[] = refused === undefined ? own : [...own, refused];
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setTried(true);
    if (flawsOf(form, "profile").length + flawsOf(form, "place").length + flawsOf(form, "name").length === 0) approving.mutate();
  };
  const set = (changes: Partial<Form>) => setForm((before) => ({ ...before, ...changes }));
  const close = () => {
    if (mayLeave()) onClose(); // a password that nobody wrote down is gone
  };
  const isDone = approving.data !== undefined;
  return (
    <Dialog
      width="wide"
      title={t(isDone ? "approve.done" : "approve.title", { name: device.name })}
      onClose={close}
      footer={
        isDone ? (
          <Button onClick={close}>{t("approve.close")}</Button>
        ) : (
          <>
            <Button onClick={onClose}>{t("approve.no")}</Button>
            <Button type="submit" form={formId} kind="main" isBusy={approving.isPending}>
              {t("approve.yes")}
            </Button>
          </>
        )
      }
    >
      {isDone ? (
        <Done approved={approving.data} />
      ) : (
        <form id={formId} className={styles.form} noValidate onSubmit={submit}>
          <DeviceFields form={form} set={set} flaws={flaws} />
          {approving.isError && refused !== "taken" && (
            <Notice kind="bad">
              {t("failed")} <Said error={approving.error} />
            </Notice>
          )}
        </form>
      )}
    </Dialog>
  );
}

function Done({ approved }: { approved: Approved }) {
  const { t } = useTranslation("devices/waiting");
  const { stored = 0, ...others } = approved.replayed;
  const rest = Object.values(others).reduce((sum, count) => sum + count, 0);
  return (
    <div className={styles.form}>
      <Notice kind={rest > 0 ? "warn" : "good"}>{t(rest > 0 ? "approve.partly" : "approve.stored", { stored: formatCount(stored), rest: formatCount(rest) })}</Notice>
      {approved.mqtt?.password !== undefined && <Login id={approved.id} shown={approved.mqtt} />}
      <Link to={`/devices?id=${encodeURIComponent(approved.id)}`}>{t("list.open", { id: approved.id })}</Link>
    </div>
  );
}
