import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { problemText } from "../../../api/said";
import { Button } from "../../../components/Button";
import { TextField } from "../../../components/Field";
import { OwnWords } from "../../../components/OwnWords";
import { Notice } from "../../../components/states";
import { DAY, formatMoment } from "../../../format/times";
import { endMaintenance, forget, planMaintenance, useMaintenance } from "./asking";
import styles from "./List.module.css";
import { fromLocalInput, toLocalInput } from "./logic/when";

/** Until when a device is worked on: then it raises no alarm. It begins now; the end is planned. */
export function Maintenance({ id, canPlan }: { id: string; canPlan: boolean }) {
  const { t } = useTranslation("devices/list");
  const queries = useQueryClient();
  const { data } = useMaintenance(id, true);
  const [isOpen, setOpen] = useState(false);
  const ending = useMutation({ mutationFn: () => endMaintenance(id), onSuccess: () => forget(queries) });
  const until = data?.lastsUntil;
  return (
    <section aria-labelledby="maintenance" className={styles.part}>
      <h3 id="maintenance">{t("maintenance.title")}</h3>
      {until === undefined ? (
        <p className={styles.soft}>{t("maintenance.none")}</p>
      ) : (
        <Notice>
          {t("maintenance.until", { at: formatMoment(until) })} {data?.reason ?? ""}
        </Notice>
      )}
      {canPlan && isOpen && <Plan id={id} onClose={() => setOpen(false)} />}
      {canPlan && !isOpen && (
        <div className={styles.actions}>
          <Button onClick={() => setOpen(true)}>{t(until === undefined ? "maintenance.plan" : "maintenance.change")}</Button>
          {until !== undefined && (
            <Button isBusy={ending.isPending} onClick={() => ending.mutate()}>
              {t("maintenance.end")}
            </Button>
          )}
        </div>
      )}
      {ending.isError && <Notice kind="bad">{t("edit.failed", { why: problemText(ending.error, (kind) => t(`failure.${kind}`)) })} <OwnWords error={ending.error} /></Notice>}
    </section>
  );
}

function Plan({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation("devices/list");
  const queries = useQueryClient();
  const [until, setUntil] = useState(() => toLocalInput(Date.now() + DAY));
  const [reason, setReason] = useState("");
  const [isWrong, setWrong] = useState(false);
  const planning = useMutation({
    mutationFn: (at: number) => planMaintenance(id, new Date(at).toISOString(), reason.trim()),
    onSuccess: () => {
      void forget(queries);
      onClose();
    },
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const at = fromLocalInput(until);
    const isAhead = at !== undefined && at > Date.now();
    setWrong(!isAhead);
    if (isAhead) planning.mutate(at);
  };
  return (
    <form className={styles.part} noValidate onSubmit={submit}>
      <TextField
        label={t("maintenance.untilLabel")}
        hint={t("maintenance.hint")}
        type="datetime-local"
        value={until}
        onChange={(event) => setUntil(event.target.value)}
        {...(isWrong && { error: t("maintenance.past") })}
      />
      <TextField label={t("maintenance.reason")} isOptional maxLength={200} value={reason} onChange={(event) => setReason(event.target.value)} />
      {planning.isError && <Notice kind="bad">{t("edit.failed", { why: problemText(planning.error, (kind) => t(`failure.${kind}`)) })} <OwnWords error={planning.error} /></Notice>}
      <div className={styles.actions}>
        <Button kind="main" type="submit" isBusy={planning.isPending}>
          {t("maintenance.save")}
        </Button>
        <Button onClick={onClose}>{t("maintenance.cancel")}</Button>
      </div>
    </form>
  );
}
