import { type SubmitEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../../api/errors";
import { useAuth } from "../../app/auth";
import { Link, navigate, useSearch } from "../../app/router";
import { Button } from "../../components/Button";
import { TextField } from "../../components/Field";
import { ErrorState } from "../../components/states";
import styles from "./LoginPage.module.css";

/** Where one goes afterwards: an address of the console, never of elsewhere. */
export function safeNext(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) ? next : "/";
}

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
  return (
    <div className={styles.page}>
      <h1>{t("title")}</h1>
      <KeyForm />
      <p className={styles.public}>
        {t("public.text")} <Link to="/public">{t("public.link")}</Link>
      </p>
    </div>
  );
}

function KeyForm() {
  const { t } = useTranslation("login");
  const { enterKey } = useAuth();
  const [key, setKey] = useState("");
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (key.trim() === "") {
      setError(t("key.none"));
      return;
    }
    setBusy(true);
    setError(undefined);
    try {
      await enterKey(key.trim());
    } catch (reason) {
      setError(t(reason instanceof ApiError ? "key.wrong" : "key.failed"));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className={styles.form} onSubmit={(event) => void submit(event)} noValidate>
      <TextField
        label={t("key.label")}
        hint={t("key.hint")}
        error={error}
        type="password"
        autoComplete="off"
        spellCheck={false}
        value={key}
        onChange={(event) => setKey(event.target.value)}
      />
      <Button type="submit" kind="main" isBusy={isBusy}>
        {t("key.submit")}
      </Button>
    </form>
  );
}
