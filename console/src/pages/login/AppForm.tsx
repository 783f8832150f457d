import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { beginApp, confirmApp } from "../../api/session";
import { useAuth } from "../../app/auth";
import { Button } from "../../components/Button";
import { CopyButton } from "../../components/CopyButton";
import { TextField } from "../../components/Field";
import { ErrorState, Loading, Notice } from "../../components/states";
import { Form, useAttempt } from "./forms";
import styles from "./LoginPage.module.css";

/** The first login of an account that needs an authenticator app: a picture for its camera, a code, recovery codes. */
export function AppForm() {
  const { t } = useTranslation("login");
  const { refresh } = useAuth();
  const { isBusy, error, attempt } = useAttempt();
  const [code, setCode] = useState("");
  const [recovery, setRecovery] = useState<readonly string[]>();
  const begun = useQuery({ queryKey: ["session", "app"], queryFn: beginApp, staleTime: Infinity, refetchOnWindowFocus: false });
  const picture = useMemo(() => (begun.data === undefined ? "" : `data:image/svg+xml;utf8,${encodeURIComponent(begun.data.svg)}`), [begun.data]);
  if (recovery !== undefined) return <RecoveryCodes codes={recovery} onGoOn={() => void refresh()} />;
  if (begun.isError) return <ErrorState error={begun.error} onRetry={() => void begun.refetch()} />;
  if (begun.isPending) return <Loading />;
  const submit = () =>
    attempt(async () => {
      const session = await confirmApp(code.replace(/\s/g, ""));
      if (session.recoveryCodes === undefined) await refresh();
      else setRecovery(session.recoveryCodes);
    }, t("code.wrong"));
  return (
    <Form label={t("app.title")} submit={t("app.submit")} isBusy={isBusy} error={error} onSubmit={() => void submit()}>
      <h2>{t("app.title")}</h2>
      <p>{t("app.text")}</p>
      <img className={styles.picture} src={picture} alt={t("app.picture")} width="220" height="220" />
      <p>
        {t("app.secret")} <code>{begun.data.secret}</code> <CopyButton text={begun.data.secret}>{t("app.copy")}</CopyButton>
      </p>
      <TextField label={t("code.label")} autoComplete="one-time-code" inputMode="numeric" value={code} onChange={(event) => setCode(event.target.value)} />
    </Form>
  );
}

function RecoveryCodes({ codes, onGoOn }: { codes: readonly string[]; onGoOn: () => void }) {
  const { t } = useTranslation("login");
  return (
    <section className={styles.form} aria-label={t("recovery.title")}>
      <h2>{t("recovery.title")}</h2>
      <Notice kind="warn">{t("recovery.text")}</Notice>
      <ul>
        {codes.map((each) => (
          <li key={each}>
            <code>{each}</code>
          </li>
        ))}
      </ul>
      <CopyButton text={codes.join("\n")} kind="normal">
        {t("recovery.copy")}
      </CopyButton>
      <Button kind="main" onClick={onGoOn}>
        {t("recovery.goOn")}
      </Button>
    </section>
  );
}
