import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { answer, api } from "../../../api/client";
import { problemText } from "../../../api/said";
import type { components } from "../../../api/schema";
import { Button } from "../../../components/Button";
import { CopyButton } from "../../../components/CopyButton";
import { Dialog } from "../../../components/Dialog";
import { Choice, SelectField, TextField } from "../../../components/Field";
import { OwnWords } from "../../../components/OwnWords";
import { Notice } from "../../../components/states";
import { getLanguage } from "../../../i18n";
import { formatMoment } from "../../../format/times";
import { organisationName } from "../grants/logic/sentence";
import { forget, type InvitationDraft, type Organisation } from "./asking";
import { daysOf, englishMessage, type Invited, japaneseMessage, LASTING } from "./logic/message";
import styles from "./Organisations.module.css";

type Made = components["schemas"]["NewInvitation"];
type Role = NonNullable<InvitationDraft["role"]>;

const ROLES: Readonly<Record<Organisation["kind"], readonly Role[]>> = {
  partner: ["partner", "service"],
  operator: ["operator", "partner", "service"],
  town: ["staff", "operator", "partner", "service", "administrator"],
  public: [],
};

/** A code for a first key: what it opens, how long it lasts; then the message to send, this once. */
export function Invite({ one, onClose }: { one: Organisation; onClose: () => void }) {
  const { t } = useTranslation("settings/organisations");
  const { t: words } = useTranslation();
  const queries = useQueryClient();
  const roles = ROLES[one.kind];
  const [role, setRole] = useState<Role>(roles[0] ?? "partner");
  const [hours, setHours] = useState<number>(LASTING[0]);
  const [label, setLabel] = useState("");
  const making = useMutation({
    mutationFn: () =>
      answer(api.POST("/api/v1/organisations/{organisation}/invitations", { params: { path: { organisation: one.name } }, body: { role, hours, label: label.trim() } })),
    gcTime: 0,
  });
  const close = () => {
    if (making.data !== undefined) void forget(queries);
    onClose();
  };
  if (making.data !== undefined) return <Invited one={one} made={making.data} onClose={close} />;
  return (
    <Dialog
      title={t("invite.title", { name: organisationName(one) })}
      onClose={close}
      footer={
        <>
          <Button onClick={close}>{t("form.cancel")}</Button>
          <Button kind="main" isBusy={making.isPending} onClick={() => making.mutate()}>
            {t("invite.make")}
          </Button>
        </>
      }
    >
      <div className={styles.inner}>
        <p>{t("invite.about")}</p>
        <Choice label={t("invite.role")} value={role} options={roles.map((each) => ({ value: each, label: t(`role.${each}`) }))} onChange={setRole} />
        <p className={styles.soft}>{t(`roleHint.${role}`)}</p>
        <SelectField label={t("invite.lasting")} value={hours} onChange={(event) => setHours(Number(event.target.value))}>
          {LASTING.map((each) => (
            <option key={each} value={each}>
              {t("invite.days", { count: daysOf(each) })}
            </option>
          ))}
        </SelectField>
        <TextField label={t("invite.label")} hint={t("invite.labelHint")} isOptional maxLength={200} value={label} onChange={(event) => setLabel(event.target.value)} />
        {making.isError && <Notice kind="bad">{t("failed", { detail: problemText(making.error, (kind) => words(`error.${kind}.title`)) })} <OwnWords error={making.error} /></Notice>}
      </div>
    </Dialog>
  );
}

function Invited({ one, made, onClose }: { one: Organisation; made: Made; onClose: () => void }) {
  const { t } = useTranslation("settings/organisations");
  const [language, setLanguage] = useState<"ja" | "en">(getLanguage());
  const expiresAt = made.expiresAt ?? "";
  const invited: Invited = { name: organisationName(one), code: made.code, origin: location.origin, expiresAt };
  const message = language === "ja" ? japaneseMessage(invited) : englishMessage(invited);
  return (
    <Dialog
      title={t("invited.title")}
      width="wide"
      onClose={onClose}
      footer={
        <Button kind="main" onClick={onClose}>
          {t("invited.done")}
        </Button>
      }
    >
      <div className={styles.inner}>
        <Notice kind="warn">{t("invited.once", { at: formatMoment(expiresAt) })}</Notice>
        <Choice
          label={t("invited.language")}
          value={language}
          options={[
            { value: "ja", label: "日本語" },
            { value: "en", label: "English" },
          ]}
          onChange={setLanguage}
        />
        {/* Long lines scroll: who uses a keyboard scrolls them, too */}
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <pre className={styles.message} lang={language} tabIndex={0} aria-label={t("invited.message")}>
          {message}
        </pre>
        <div className={styles.actions}>
          <CopyButton kind="normal" text={message}>
            {t("invited.copy")}
          </CopyButton>
          <CopyButton text={made.code}>{t("invited.copyCode")}</CopyButton>
        </div>
        <p className={styles.soft}>{t("invited.safely")}</p>
      </div>
    </Dialog>
  );
}
