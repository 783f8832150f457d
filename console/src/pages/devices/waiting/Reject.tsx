import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Confirm } from "../../../components/Confirm";
import { forget, reject, type WaitingDevice } from "./asking";

/** Asks before what a device sent is thrown away. */
export function Reject({ device, onClose }: { device: WaitingDevice; onClose: () => void }) {
  const { t } = useTranslation("devices/waiting");
  const queries = useQueryClient();
  const rejecting = useMutation({
    mutationFn: () => reject(device),
    onSuccess: () => {
      void forget(queries);
      onClose();
    },
  });
  return (
    <Confirm title={t("reject.title", { name: device.name })} yes={t("reject.yes")} isBusy={rejecting.isPending} error={rejecting.error} onYes={() => rejecting.mutate()} onClose={onClose}>
      <p>{t("reject.text", { count: device.messages })}</p>
    </Confirm>
  );
}
