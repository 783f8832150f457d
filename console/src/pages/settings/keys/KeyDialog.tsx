import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { Dialog } from "../../../components/Dialog";
import { startOfDay } from "../../../format/times";
import type { Organisation } from "../people/asking";
import { Refusal } from "../people/Refusal";
import { forget, makeKey, type NewKey } from "./asking";
import { KeyFields } from "./KeyFields";
import { faultsOf, type KeyForm, orderOf } from "./logic/draft";
import { useKeyForm } from "./useKeyForm";

interface Props {
  /** Of who makes it. */
  role: string;
  organisations: readonly Organisation[];
  onMade: (made: NewKey) => void;
  onClose: () => void;
}

/** Makes a key: what for, for whom, until when. */
export function KeyDialog({ role, organisations, onMade, onClose }: Props) {
  const { t } = useTranslation("settings/keys");
  const queries = useQueryClient();
  const id = useId();
  const fields = useKeyForm(role, organisations);
  const [isTried, setTried] = useState(false);
  const making = useMutation({
    mutationFn: (form: KeyForm) => makeKey(orderOf(form)),
    gcTime: 0,
    onSuccess: (made) => {
      void forget(queries);
      onMade(made);
    },
  });
  const faults = faultsOf(fields.form, startOfDay());
  const submit = () => {
    setTried(true);
    if (faults.size === 0) making.mutate(fields.form);
  };
  return (
    <Dialog
      title={t("make")}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("leave")}</Button>
          <Button type="submit" form={id} kind="main" isBusy={making.isPending}>
            {t("form.submit")}
          </Button>
        </>
      }
    >
      <KeyFields id={id} {...fields} faults={isTried ? faults : new Set()} onSubmit={submit} />
      {making.isError && <Refusal error={making.error} />}
    </Dialog>
  );
}
