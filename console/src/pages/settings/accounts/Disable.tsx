import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Confirm } from "../../../components/Confirm";
import { type Account, changeAccount, forget } from "./asking";
import { nameOf } from "./logic/standing";

/** Shuts somebody out, or lets them in again. */
export function Disable({ of, onClose }: { of: Account; onClose: () => void }) {
  const { t } = useTranslation("settings/accounts");
  const queries = useQueryClient();
  const isAway = of.disabledAt != null;
  const changing = useMutation({
    mutationFn: () => changeAccount(of.id, { disabled: !isAway }),
    onSuccess: () => {
      void forget(queries);
      onClose();
    },
  });
  const name = nameOf(of);
  return (
    <Confirm
      kind={isAway ? "main" : "danger"}
      title={isAway ? t("enable.title", { name }) : t("disable.title", { name })}
      yes={t(isAway ? "enable.yes" : "disable.yes")}
      isBusy={changing.isPending}
      error={changing.error}
      onYes={() => changing.mutate()}
      onClose={onClose}
    >
      <p>{t(isAway ? "enable.text" : "disable.text")}</p>
    </Confirm>
  );
}
