import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { useAuth } from "../../../app/auth";
import { Button } from "../../../components/Button";
import { Drawer } from "../../../components/Drawer";
import { Notice } from "../../../components/states";
import styles from "../people/people.module.css";
import { Refusal } from "../people/Refusal";
import { AccountFields } from "./AccountFields";
import { AccountState } from "./AccountState";
import { type Account, changeAccount, forget } from "./asking";
import { changeOf } from "./logic/form";
import { nameOf } from "./logic/standing";
import { useAccountForm } from "./useAccountForm";

interface Props {
  of: Account;
  onReset: () => void;
  onDisable: () => void;
  onClose: () => void;
}

/** One account: what it is, and what can be done about it. */
export function ChangeAccount({ of, onReset, onDisable, onClose }: Props) {
  const { t } = useTranslation("settings/accounts");
  const id = useId();
  const queries = useQueryClient();
  const { visitor, refresh } = useAuth();
  const fields = useAccountForm(of);
  const isOwn = visitor.session?.name === `user:${of.id}`;
  const change = changeOf(of, fields.form);
  const changing = useMutation({
    mutationFn: async () => change !== undefined && changeAccount(of.id, change),
    onSuccess: () => {
      void forget(queries);
      if (isOwn) void refresh();
      onClose();
    },
  });
  const isAway = of.disabledAt != null;
  return (
    <Drawer
      title={nameOf(of)}
      onClose={onClose}
      footer={
        <Button type="submit" form={id} kind="main" isBusy={changing.isPending}>
          {t("change.submit")}
        </Button>
      }
    >
      <div className={styles.form}>
        <div>
          {t("change.name", { name: of.name })} <AccountState of={of} />
        </div>
        <AccountFields id={id} label={t("change.title")} isNew={false} {...fields} faults={new Set()} onSubmit={() => {
            if (fields.form.tenants?.length !== 0) changing.mutate();
          }} />
        {(change?.role !== undefined || change?.organisation !== undefined || change?.tenants !== undefined) && <Notice kind="warn">{t(isOwn ? "change.ownFollows" : "change.follows")}</Notice>}
        {changing.isError && <Refusal error={changing.error} />}
        <h3>{t("change.more")}</h3>
        {isOwn ? (
          <p className={styles.soft}>{t("change.own")}</p>
        ) : (
          <div className={styles.acts}>
            {!isAway && <Button onClick={onReset}>{t("reset.open")}</Button>}
            <Button kind={isAway ? "normal" : "danger"} onClick={onDisable}>
              {t(isAway ? "enable.open" : "disable.open")}
            </Button>
          </div>
        )}
      </div>
    </Drawer>
  );
}
