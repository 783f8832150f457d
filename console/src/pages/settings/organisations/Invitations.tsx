import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { Confirm } from "../../../components/Confirm";
import { ErrorState, Loading } from "../../../components/states";
import { formatAge, formatMoment } from "../../../format/times";
import { forget, type Invitation, type Organisation, takeBack, useInvitations } from "./asking";
import { Badge } from "./Badge";
import { Invite } from "./Invite";
import styles from "./Organisations.module.css";

const SHOWN = 10;

/** Who was invited and has not come yet; and the way to invite. */
export function Invitations({ one }: { one: Organisation }) {
  const { t } = useTranslation("settings/organisations");
  const found = useInvitations(one.name, true);
  const [ending, setEnding] = useState<Invitation>();
  const [isAll, setAll] = useState(false);
  const open = (found.data ?? []).filter((each) => each.state === "open");
  const shown = isAll ? (found.data ?? []) : open;
  const past = (found.data ?? []).length - open.length;
  return (
    <section className={styles.section} aria-labelledby="invitations">
      <div className={styles.head}>
        <h2 id="invitations">{t("invitations.title")}</h2>
        {one.disabledAt == null && <InviteButton one={one} />}
      </div>
      {found.isPending && <Loading />}
      {found.isError && <ErrorState error={found.error} onRetry={() => void found.refetch()} />}
      {found.data !== undefined && shown.length === 0 && <p>{t("invitations.none")}</p>}
      <ul className={styles.rows}>
        {shown.slice(0, isAll ? undefined : SHOWN).map((each) => (
          <li key={each.prefix}>
            <div>
              <p>
                <strong>{each.label === undefined || each.label === "" ? t("invitations.unnamed", { prefix: each.prefix }) : each.label}</strong> <Badge kind={each.state === "open" ? "warn" : "quiet"}>{t(`invitations.state.${each.state}`)}</Badge>
              </p>
              <p className={styles.soft}>
                {t(`role.${each.role}`)} · {t("invitations.until", { at: formatMoment(each.expiresAt) })}
                {each.createdAt !== undefined && ` · ${t("invitations.made", { age: formatAge(each.createdAt) })}`}
              </p>
            </div>
            {each.state === "open" && (
              <Button kind="danger" aria-label={t("invitations.backOne", { prefix: each.prefix })} onClick={() => setEnding(each)}>
                {t("invitations.back")}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {past > 0 && (
        <div>
          <Button kind="quiet" aria-expanded={isAll} onClick={() => setAll(!isAll)}>
            {isAll ? t("invitations.fewer") : t("invitations.all", { count: past })}
          </Button>
        </div>
      )}
      {ending !== undefined && <Back one={one} invitation={ending} onClose={() => setEnding(undefined)} />}
    </section>
  );
}

function Back({ one, invitation, onClose }: { one: Organisation; invitation: Invitation; onClose: () => void }) {
  const { t } = useTranslation("settings/organisations");
  const queries = useQueryClient();
  const ending = useMutation({
    mutationFn: () => takeBack(one.name, invitation.prefix),
    onSuccess: () => {
      void forget(queries);
      onClose();
    },
  });
  return (
    <Confirm title={t("back.title")} yes={t("back.yes")} onYes={() => ending.mutate()} onClose={onClose} isBusy={ending.isPending} error={ending.error}>
      <p>{t("back.text")}</p>
    </Confirm>
  );
}

export function InviteButton({ one, isMain = false }: { one: Organisation; isMain?: boolean }) {
  const { t } = useTranslation("settings/organisations");
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button kind={isMain ? "main" : "normal"} onClick={() => setOpen(true)}>
        {t("invitations.invite")}
      </Button>
      {isOpen && <Invite one={one} onClose={() => setOpen(false)} />}
    </>
  );
}
