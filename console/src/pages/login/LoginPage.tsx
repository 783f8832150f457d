import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { providerAddress, type Session } from "../../api/session";
import { useAuth } from "../../app/auth";
import { Link, navigate, useSearch } from "../../app/router";
import { ErrorState, Notice } from "../../components/states";
import { AppForm } from "./AppForm";
import { CodeForm, KeyForm, PasswordForm, NewPasswordForm } from "./forms";
import styles from "./LoginPage.module.css";
import { ResetForm } from "./ResetForm";
import { safeNext } from "./safeNext";

const FAILURES = ["denied", "unknown", "expired", "unreachable"] as const;

export default function LoginPage() {
  const { t } = useTranslation("login");
  const { visitor, isExpired, refresh } = useAuth();
  const [search] = useSearch();
  const next = safeNext(search.get("next"));
  const isIn = visitor.kind !== "anyone" && !isExpired;
  useEffect(() => {
    if (isIn) navigate(next, { replace: true });
  }, [isIn, next]);
  if (visitor.isUnreachable === true) {
    return <ErrorState error={visitor.refusal} onRetry={() => void refresh()} />;
  }
  const failure = FAILURES.find((each) => each === search.get("login"));
  return (
    <div className={styles.page}>
      <h1>{t("title")}</h1>
      {isExpired && <Notice kind="warn">{t("expired")}</Notice>}
      {failure !== undefined && <Notice kind="bad">{t(`provider.${failure}`)}</Notice>}
      <Ways session={visitor.session} next={next} />
      <p className={styles.public}>
        {t("public.text")} <Link to="/public">{t("public.link")}</Link>
      </p>
    </div>
  );
}

/** What comes next: a code, a password, an app; else all ways in. */
function Ways({ session, next }: { session: Session | undefined; next: string }) {
  const { t } = useTranslation("login");
  const [search] = useSearch();
  const invited = search.get("code"); // the name, in the link that an administrator hands over
  if (session?.state === "totp") return <CodeForm />;
  if (session?.state === "password") return <NewPasswordForm />;
  if (session?.state === "enrol") return <AppForm />;
  const providers = session?.ways.providers ?? [];
  return (
    <>
      {providers.map((provider) => (
        <a key={provider.id} className={styles.provider} href={providerAddress(provider.start, next)}>
          {t("provider.link", { name: provider.name })}
        </a>
      ))}
      {session?.ways.password === true && (invited === null ? <PasswordForm /> : <ResetForm name={invited} />)}
      {session?.ways.password === true && (
        <details className={styles.key}>
          <summary>{t(invited === null ? "reset.open" : "password.open")}</summary>
          {invited === null ? <ResetForm name="" /> : <PasswordForm />}
        </details>
      )}
      <details className={styles.key} open={session?.ways.password !== true && providers.length === 0}>
        <summary>{t("key.open")}</summary>
        <KeyForm />
      </details>
    </>
  );
}
