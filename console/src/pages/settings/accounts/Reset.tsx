import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Confirm } from "../../../components/Confirm";
import { CheckBox } from "../../../components/Field";
import styles from "../people/people.module.css";
import { type Account, type AccountWithCode, forget, resetAccount } from "./asking";
import { nameOf } from "./logic/standing";

/** Takes a password away in exchange for a code: for who forgot it, or lost the phone. */
export function Reset({ of, onMade, onClose }: { of: Account; onMade: (made: AccountWithCode) => void; onClose: () => void }) {
  const { t } = useTranslation("settings/accounts");
  const queries = useQueryClient();
  const [isWithApp, setWithApp] = useState(false);
  const resetting = useMutation({
    mutationFn: () => resetAccount(of.id, isWithApp),
    gcTime: 0,
    onSuccess: (made) => {
      void forget(queries);
      onMade(made);
    },
  });
  return (
    <Confirm title={t("reset.title", { name: nameOf(of) })} yes={t("reset.yes")} isBusy={resetting.isPending} error={resetting.error} onYes={() => resetting.mutate()} onClose={onClose}>
      <div className={styles.form}>
        <p>{t("reset.text")}</p>
        {of.hasApp === true && <CheckBox label={t("reset.app")} checked={isWithApp} onChange={(event) => setWithApp(event.target.checked)} />}
      </div>
    </Confirm>
  );
}
