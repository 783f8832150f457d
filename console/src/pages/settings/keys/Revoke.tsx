import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useAuth } from "../../../app/auth";
import { Confirm } from "../../../components/Confirm";
import { Notice } from "../../../components/states";
import { formatAge } from "../../../format/times";
import styles from "../people/people.module.css";
import { forget, type Key, revokeKey } from "./asking";
import { nameOf } from "./logic/standing";

/** Makes a key void, for good. */
export function Revoke({ of, isOwn, onClose }: { of: Key; isOwn: boolean; onClose: () => void }) {
  const { t } = useTranslation("settings/keys");
  const { leave } = useAuth();
  const queries = useQueryClient();
  const revoking = useMutation({
    mutationFn: () => revokeKey(of.prefix),
    onSuccess: async () => {
      onClose();
      if (isOwn) await leave();
      else void forget(queries);
    },
  });
  return (
    <Confirm title={t("end.title")} yes={t("end.yes")} isBusy={revoking.isPending} error={revoking.error} onYes={() => revoking.mutate()} onClose={onClose}>
      <div className={styles.form}>
        <p>{t("end.text", { name: nameOf(of), prefix: of.prefix })}</p>
        <p>{of.lastUsedAt == null ? t("end.unused") : t("end.used", { age: formatAge(of.lastUsedAt) })}</p>
        {isOwn && <Notice kind="warn">{t("end.own")}</Notice>}
      </div>
    </Confirm>
  );
}
