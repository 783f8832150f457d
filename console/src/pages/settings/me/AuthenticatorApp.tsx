import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { ErrorState, Loading } from "../../../components/states";
import { Badge } from "../people/Badge";
import { OnceDialog } from "../people/OnceDialog";
import people from "../people/people.module.css";
import styles from "../Settings.module.css";
import { forgetApp, removeApp, renewCodes, useApp } from "./asking";
import { Enrol } from "./Enrol";
import { WithPassword } from "./WithPassword";

type Open = { kind: "enrol" | "renew" | "remove" } | { kind: "codes"; codes: readonly string[] };
const FEW = 3; // recovery codes left, from which on new ones are due

/** One's authenticator app: added, taken away, with new recovery codes. */
export function AuthenticatorApp() {
  const { t } = useTranslation("settings/me");
  const queries = useQueryClient();
  const app = useApp();
  const [open, setOpen] = useState<Open>();
  const shut = () => {
    setOpen(undefined);
    void forgetApp(queries);
  };
  const show = (codes: readonly string[]) => {
    setOpen({ kind: "codes", codes });
    void forgetApp(queries);
  };
  return (
    <section className={styles.section} aria-labelledby="app">
      <h2 id="app">{t("app.title")}</h2>
      {app.isPending && <Loading />}
      {app.isError && app.data === undefined && <ErrorState error={app.error} onRetry={() => void app.refetch()} />}
      {app.data?.hasApp === false && <Without onEnrol={() => setOpen({ kind: "enrol" })} />}
      {app.data?.hasApp === true && (
        <With isRequired={app.data.isRequired} left={app.data.recoveryCodes} onRenew={() => setOpen({ kind: "renew" })} onRemove={() => setOpen({ kind: "remove" })} />
      )}
      {open?.kind === "enrol" && <Enrol onDone={show} onClose={shut} />}
      {open?.kind === "renew" && <WithPassword title={t("renew.title")} text={t("renew.text")} yes={t("renew.yes")} act={renewCodes} onDone={show} onClose={shut} />}
      {open?.kind === "remove" && (
        <WithPassword title={t("remove.title")} text={t("remove.text")} yes={t("remove.yes")} isDanger act={removeApp} onDone={shut} onClose={shut} />
      )}
      {open?.kind === "codes" && <Codes codes={open.codes} onClose={shut} />}
    </section>
  );
}

function Without({ onEnrol }: { onEnrol: () => void }) {
  const { t } = useTranslation("settings/me");
  return (
    <>
      <p>
        <Badge tone="quiet">{t("app.none")}</Badge>
      </p>
      <p className={people.soft}>{t("app.why")}</p>
      <div className={styles.actions}>
        <Button onClick={onEnrol}>{t("app.add")}</Button>
      </div>
    </>
  );
}

function With({ isRequired, left, onRenew, onRemove }: { isRequired: boolean; left: number; onRenew: () => void; onRemove: () => void }) {
  const { t } = useTranslation("settings/me");
  return (
    <>
      <p>
        <Badge tone="good">{t("app.added")}</Badge>
      </p>
      <p>
        <Badge tone={left <= FEW ? "warn" : "quiet"}>{t("app.left", { count: left })}</Badge>
      </p>
      {isRequired && <p className={people.soft}>{t("app.required")}</p>}
      <div className={styles.actions}>
        <Button onClick={onRenew}>{t("renew.title")}</Button>
        {!isRequired && (
          <Button kind="danger" onClick={onRemove}>
            {t("app.remove")}
          </Button>
        )}
      </div>
    </>
  );
}

function Codes({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  const { t } = useTranslation("settings/me");
  return (
    <OnceDialog title={t("codes.title")} rows={[{ label: t("codes.label"), text: codes.join("\n") }]} file="machi-recovery-codes.txt" onClose={onClose}>
      {t("codes.text")}
    </OnceDialog>
  );
}
