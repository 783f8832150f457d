import { type ReactNode, type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, kindOf } from "../../api/errors";
import { logIn, passCode, setPassword } from "../../api/session";
import { useAuth } from "../../app/auth";
import { Button } from "../../components/Button";
import { TextField } from "../../components/Field";
import { Notice } from "../../components/states";
import { formatDuration } from "../../format/times";
import styles from "./LoginPage.module.css";

export const LEAST_PASSWORD = 12;

interface Attempt {
  readonly isBusy: boolean;
  readonly error: string | undefined;
  readonly attempt: (work: () => Promise<unknown>, wrong: string) => Promise<void>;
}

/** Tries something; keeps what was typed; says what was wrong: `wrong` for 401 and 409. */
export function useAttempt(): Attempt {
  const { t } = useTranslation("login");
  const shell = useTranslation();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const say = (reason: unknown, wrong: string): string => {
    if (reason instanceof ApiError && reason.status === 429) {
      return t("wait", { time: formatDuration(reason.retryAfter ?? 60) });
    }
    if (reason instanceof ApiError && [400, 401, 403, 409].includes(reason.status)) return wrong;
    return shell.t(`error.${kindOf(reason)}.title`);
  };
  const attempt = async (work: () => Promise<unknown>, wrong: string) => {
    setBusy(true);
    setError(undefined);
    try {
      await work();
    } catch (reason) {
      setError(say(reason, wrong));
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, error, attempt };
}

export function Form({
  label,
  submit,
  isBusy,
  error,
  onSubmit,
  children,
}: {
  label: string;
  submit: string;
  isBusy: boolean;
  error: string | undefined;
  onSubmit: () => void;
  children: ReactNode;
}) {
  const send = (event: SubmitEvent) => {
    event.preventDefault();
    if (!isBusy) onSubmit();
  };
  return (
    <form className={styles.form} aria-label={label} onSubmit={send} noValidate>
      {children}
      {error !== undefined && <Notice kind="bad">{error}</Notice>}
      <Button type="submit" kind="main" isBusy={isBusy}>
        {submit}
      </Button>
    </form>
  );
}

export function PasswordForm() {
  const { t } = useTranslation("login");
  const { refresh } = useAuth();
  const { isBusy, error, attempt } = useAttempt();
  const [name, setName] = useState("");
  const [password, setPasswordText] = useState("");
  const submit = () =>
    attempt(async () => {
      await logIn(name.trim(), password);
      await refresh();
    }, t("password.wrong"));
  return (
    <Form label={t("title")} submit={t("password.submit")} isBusy={isBusy} error={error} onSubmit={() => void submit()}>
      <TextField label={t("password.name")} autoComplete="username" required value={name} onChange={(event) => setName(event.target.value)} />
      <TextField
        label={t("password.password")}
        type="password"
        autoComplete="current-password"
        required
        value={password}
        onChange={(event) => setPasswordText(event.target.value)}
      />
    </Form>
  );
}

export function CodeForm() {
  const { t } = useTranslation("login");
  const { refresh, leave } = useAuth();
  const { isBusy, error, attempt } = useAttempt();
  const [code, setCode] = useState("");
  const submit = () =>
    attempt(async () => {
      await passCode(code.replace(/\s/g, ""));
      await refresh();
    }, t("code.wrong"));
  return (
    <>
      <Form label={t("code.label")} submit={t("code.submit")} isBusy={isBusy} error={error} onSubmit={() => void submit()}>
        <TextField
          label={t("code.label")}
          hint={t("code.hint")}
          autoComplete="one-time-code"
          inputMode="numeric"
          required
          value={code}
          onChange={(event) => setCode(event.target.value)}
        />
      </Form>
      <Button kind="quiet" onClick={() => void leave()}>
        {t("again")}
      </Button>
    </>
  );
}

export function NewPasswordForm() {
  const { t } = useTranslation("login");
  const { refresh } = useAuth();
  const { isBusy, error, attempt } = useAttempt();
  const [first, setFirst] = useState("");
  const [second, setSecond] = useState("");
  const isShort = first !== "" && first.length < LEAST_PASSWORD;
  const isOther = second !== "" && first !== second;
  const submit = () =>
    attempt(async () => {
      if (first.length < LEAST_PASSWORD || first !== second) return;
      await setPassword(first);
      await refresh();
    }, t("newPassword.wrong"));
  return (
    <Form label={t("newPassword.title")} submit={t("newPassword.submit")} isBusy={isBusy} error={error} onSubmit={() => void submit()}>
      <h2>{t("newPassword.title")}</h2>
      <TextField
        label={t("newPassword.first")}
        hint={t("newPassword.hint", { count: LEAST_PASSWORD })}
        error={isShort ? t("newPassword.short", { count: LEAST_PASSWORD }) : undefined}
        type="password"
        autoComplete="new-password"
        value={first}
        onChange={(event) => setFirst(event.target.value)}
      />
      <TextField
        label={t("newPassword.second")}
        error={isOther ? t("newPassword.other") : undefined}
        type="password"
        autoComplete="new-password"
        value={second}
        onChange={(event) => setSecond(event.target.value)}
      />
    </Form>
  );
}

export function KeyForm() {
  const { t } = useTranslation("login");
  const { enterKey } = useAuth();
  const { isBusy, error, attempt } = useAttempt();
  const [key, setKey] = useState("");
  const [isEmpty, setEmpty] = useState(false);
  const submit = async () => {
    setEmpty(key.trim() === "");
    if (key.trim() !== "") await attempt(() => enterKey(key.trim()), t("key.wrong"));
  };
  return (
    <Form label={t("key.open")} submit={t("key.submit")} isBusy={isBusy} error={error} onSubmit={() => void submit()}>
      <TextField
        label={t("key.label")}
        hint={t("key.hint")}
        error={isEmpty ? t("key.none") : undefined}
        type="password"
        autoComplete="off"
        spellCheck={false}
        value={key}
        onChange={(event) => setKey(event.target.value)}
      />
    </Form>
  );
}
