import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { Dialog } from "../../../components/Dialog";
import { Refusal } from "../people/Refusal";
import { AccountFields } from "./AccountFields";
import { type AccountWithCode, createAccount, forget } from "./asking";
import { type AccountForm, draftOf, faultsOf } from "./logic/form";
import { useAccountForm } from "./useAccountForm";

/** Makes an account; its code is handed over. */
export function NewAccount({ taken, onMade, onClose }: { taken: ReadonlySet<string>; onMade: (made: AccountWithCode) => void; onClose: () => void }) {
  const { t } = useTranslation("settings/accounts");
  const id = useId();
  const queries = useQueryClient();
  const fields = useAccountForm();
  const [isTried, setTried] = useState(false);
  const making = useMutation({
    mutationFn: (form: AccountForm) => createAccount(draftOf(form)),
    gcTime: 0,
    onSuccess: (made) => {
      void forget(queries);
      onMade(made);
    },
  });
  const faults = faultsOf(fields.form, taken);
  const submit = () => {
    setTried(true);
    if (faults.size === 0) making.mutate(fields.form);
  };
  return (
    <Dialog
      title={t("new.title")}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("leave")}</Button>
          <Button type="submit" form={id} kind="main" isBusy={making.isPending}>
            {t("new.submit")}
          </Button>
        </>
      }
    >
      <AccountFields id={id} label={t("new.title")} isNew {...fields} faults={isTried ? faults : new Set()} onSubmit={submit} />
      {making.isError && <Refusal error={making.error} />}
    </Dialog>
  );
}
