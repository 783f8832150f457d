import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { navigate } from "../../../app/router";
import { Button } from "../../../components/Button";
import { Confirm } from "../../../components/Confirm";
import { Said } from "../../../components/Said";
import { Notice } from "../../../components/states";
import { organisationName } from "../grants/logic/sentence";
import { ApiError } from "../../../api/errors";
import { changeOrganisation, deleteOrganisation, forget, type Organisation } from "./asking";
import styles from "./Organisations.module.css";

/** To shut an organisation out, to let it in again, to forget one that nothing refers to. */
export function Doors({ one }: { one: Organisation }) {
  const { t } = useTranslation("settings/organisations");
  const queries = useQueryClient();
  const [asked, setAsked] = useState<"disable" | "delete">();
  const isDisabled = one.disabledAt != null;
  const close = () => setAsked(undefined);
  const switching = useMutation({
    mutationFn: () => changeOrganisation(one.name, { disabled: !isDisabled }),
    onSuccess: async () => {
      await forget(queries);
      close();
    },
  });
  const deleting = useMutation({
    mutationFn: () => deleteOrganisation(one.name),
    onSuccess: async () => {
      navigate("/settings/organisations", { isSaved: true });
      await forget(queries);
    },
  });
  const isInUse = deleting.error instanceof ApiError && deleting.error.status === 409;
  const name = organisationName(one);
  if (one.name === "town") return null;
  return (
    <section className={styles.section} aria-labelledby="doors">
      <h2 id="doors">{t("doors.title")}</h2>
      <p className={styles.soft}>{isDisabled ? t("doors.isDisabled") : t("doors.about")}</p>
      {switching.isError && asked === undefined && <Notice kind="bad">{t("failed", { detail: "" })} <Said error={switching.error} /></Notice>}
      <div className={styles.actions}>
        {isDisabled ? (
          <Button kind="main" isBusy={switching.isPending} onClick={() => switching.mutate()}>
            {t("doors.enable")}
          </Button>
        ) : (
          <Button kind="danger" onClick={() => setAsked("disable")}>
            {t("doors.disable")}
          </Button>
        )}
        <Button kind="danger" onClick={() => setAsked("delete")}>
          {t("doors.delete")}
        </Button>
      </div>
      {asked === "disable" && (
        <Confirm title={t("doors.disableTitle", { name })} yes={t("doors.disableYes")} onYes={() => switching.mutate()} onClose={close} isBusy={switching.isPending} error={switching.error}>
          <p>{t("doors.disableText", { count: one.keys ?? 0 })}</p>
        </Confirm>
      )}
      {asked === "delete" && (
        <Confirm title={t("doors.deleteTitle", { name })} yes={t("doors.deleteYes")} onYes={() => deleting.mutate()} onClose={close} isBusy={deleting.isPending} error={isInUse ? undefined : deleting.error}>
          <p>{t("doors.deleteText")}</p>
          {isInUse && <Notice kind="bad">{t("doors.inUse")}</Notice>}
        </Confirm>
      )}
    </section>
  );
}
