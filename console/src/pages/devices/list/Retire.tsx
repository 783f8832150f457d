import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Confirm } from "../../../components/Confirm";
import { type Device, forget, retire } from "./asking";

/** Asks before a device ends, and says what follows. */
export function Retire({ device, onClose }: { device: Device; onClose: () => void }) {
  const { t } = useTranslation("devices/list");
  const queries = useQueryClient();
  const retiring = useMutation({
    mutationFn: () => retire(device.id),
    onSuccess: () => {
      void forget(queries);
      onClose();
    },
  });
  return (
    <Confirm
      title={t("end.question", { name: device.name ?? device.id })}
      yes={t("end.retire")}
      isBusy={retiring.isPending}
      error={retiring.error}
      onYes={() => retiring.mutate()}
      onClose={onClose}
    >
      <ul>
        <li>{t("end.credentials")}</li>
        <li>{t("end.history")}</li>
        <li>{t("end.again")}</li>
      </ul>
    </Confirm>
  );
}
