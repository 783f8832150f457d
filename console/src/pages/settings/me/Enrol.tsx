import { useMutation } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { CopyButton } from "../../../components/CopyButton";
import { Dialog } from "../../../components/Dialog";
import { TextField } from "../../../components/Field";
import people from "../people/people.module.css";
import { beginApp, confirmApp, type Enrolment } from "./asking";
import { LoginRefusal } from "./LoginRefusal";
import styles from "./Me.module.css";
import { WithPassword } from "./WithPassword";

/** Adds an authenticator app: the password, a picture for its camera, its first code. Gives the recovery codes. */
export function Enrol({ onDone, onClose }: { onDone: (codes: readonly string[]) => void; onClose: () => void }) {
  const { t } = useTranslation("settings/me");
  const [begun, setBegun] = useState<Enrolment>();
  if (begun === undefined) {
    return <WithPassword title={t("enrol.title")} text={t("enrol.text")} yes={t("enrol.next")} act={beginApp} onDone={setBegun} onClose={onClose} />;
  }
  return <FirstCode begun={begun} onDone={onDone} onClose={onClose} />;
}

function FirstCode({ begun, onDone, onClose }: { begun: Enrolment; onDone: (codes: readonly string[]) => void; onClose: () => void }) {
  const { t } = useTranslation("settings/me");
  const id = useId();
  const [code, setCode] = useState("");
  const [isTried, setTried] = useState(false);
  const confirming = useMutation({ mutationFn: confirmApp, gcTime: 0, onSuccess: onDone });
  const submit = (event: React.SubmitEvent) => {
    event.preventDefault();
    setTried(true);
    if (code.trim() !== "") confirming.mutate(code);
  };
  return (
    <Dialog
      title={t("enrol.title")}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("leave")}</Button>
          <Button type="submit" form={id} kind="main" isBusy={confirming.isPending}>
            {t("enrol.yes")}
          </Button>
        </>
      }
    >
      <form id={id} className={people.form} aria-label={t("enrol.title")} onSubmit={submit} noValidate>
        <Picture begun={begun} />
        <TextField
          label={t("enrol.code")}
          error={isTried && code.trim() === "" ? t("enrol.missing") : undefined}
          autoComplete="one-time-code"
          inputMode="numeric"
          maxLength={20}
          value={code}
          onChange={(event) => setCode(event.target.value)}
        />
        {confirming.isError && <LoginRefusal error={confirming.error} asked="code" />}
      </form>
    </Dialog>
  );
}

function Picture({ begun }: { begun: Enrolment }) {
  const { t } = useTranslation("settings/me");
  return (
    <>
      <p>{t("enrol.scan")}</p>
      <img className={styles.picture} src={`data:image/svg+xml;utf8,${encodeURIComponent(begun.svg)}`} alt={t("enrol.picture")} width="200" height="200" />
      <p>
        {t("enrol.secret")} <code>{inGroups(begun.secret)}</code>{" "}
        <CopyButton text={begun.secret} label={t("enrol.copySecret")}>
          {t("enrol.copy")}
        </CopyButton>
      </p>
    </>
  );
}

/** In fours, as one types it from a screen. */
const inGroups = (secret: string): string => secret.replace(/(.{4})(?=.)/g, "$1 ");
