import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { problemText } from "../../../api/said";
import { mayLeave } from "../../../app/unsaved";
import { Button } from "../../../components/Button";
import { Dialog } from "../../../components/Dialog";
import { TextField } from "../../../components/Field";
import { OwnWords } from "../../../components/OwnWords";
import { Notice } from "../../../components/states";
import { Login } from "../new/Login";
import { type Device, forget, replaceHardware } from "./asking";
import styles from "./List.module.css";

/** Puts other hardware in a device's place: asks what and why, says what follows, shows the new password once. */
export function ReplaceHardware({ device, onClose }: { device: Device; onClose: () => void }) {
  const { t } = useTranslation("devices/list");
  const queries = useQueryClient();
  const [serial, setSerial] = useState("");
  const [reason, setReason] = useState("");
  const [behind, setBehind] = useState("");
  const form = useId();
  const replacing = useMutation({
    mutationFn: () =>
      replaceHardware(device.id, {
        ...(serial.trim() !== "" && { serial: serial.trim() }),
        ...(reason.trim() !== "" && { reason: reason.trim() }),
        ...(behind.trim() !== "" && { gatewayDevice: behind.trim() }),
      }),
    gcTime: 0,
    onSuccess: () => forget(queries),
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    replacing.mutate();
  };
  if (replacing.data !== undefined) {
    const shown = replacing.data.mqtt;
    const close = () => mayLeave() && onClose();
    return (
      <Dialog title={t("hardware.done")} onClose={close} footer={<Button onClick={close}>{t("hardware.close")}</Button>}>
        <div className={styles.part}>{shown == null ? <p>{t("hardware.noSecret")}</p> : <Login id={device.id} shown={shown} />}</div>
      </Dialog>
    );
  }
  const footer = (
    <>
      <Button onClick={onClose}>{t("hardware.cancel")}</Button>
      <Button kind="danger" type="submit" form={form} isBusy={replacing.isPending}>
        {t("hardware.yes")}
      </Button>
    </>
  );
  return (
    <Dialog title={t("hardware.question", { name: device.name ?? device.id })} onClose={onClose} footer={footer}>
      <form id={form} className={styles.part} onSubmit={submit}>
        <ul>
          <li>{t("hardware.keeps")}</li>
          <li>{t(device.gateway == null ? "hardware.void" : "hardware.behind")}</li>
          <li>{t("hardware.mark")}</li>
        </ul>
        <TextField label={t("hardware.serial")} isOptional maxLength={100} value={serial} onChange={(event) => setSerial(event.target.value)} />
        {device.gateway != null && <TextField label={t("hardware.gatewayDevice")} hint={t("hardware.gatewayDeviceHint")} isOptional maxLength={64} value={behind} onChange={(event) => setBehind(event.target.value)} />}
        <TextField label={t("hardware.reason")} hint={t("hardware.reasonHint")} isOptional maxLength={500} value={reason} onChange={(event) => setReason(event.target.value)} />
        {replacing.isError && <Notice kind="bad">{t("edit.failed", { why: problemText(replacing.error, (kind) => t(`failure.${kind}`)) })} <OwnWords error={replacing.error} /></Notice>}
      </form>
    </Dialog>
  );
}
