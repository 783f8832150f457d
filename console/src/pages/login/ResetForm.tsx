import { useState } from "react";
import { useTranslation } from "react-i18next";
import { logIn, redeemReset } from "../../api/session";
import { useAuth } from "../../app/auth";
import { TextField } from "../../components/Field";
import { Form, LEAST_PASSWORD, useAttempt } from "./forms";

/** With a code that an administrator handed over: the first password of an account, or the next one. Logs in with it. */
export function ResetForm({ name: known }: { name: string }) {
  const { t } = useTranslation("login");
  const { refresh } = useAuth();
  const { isBusy, error, attempt } = useAttempt();
  const [name, setName] = useState(known);
  const [code, setCode] = useState("");
  const [first, setFirst] = useState("");
  const [second, setSecond] = useState("");
  const isShort = first !== "" && first.length < LEAST_PASSWORD;
  const isOther = second !== "" && first !== second;
  const submit = () =>
    attempt(async () => {
      if (first.length < LEAST_PASSWORD || first !== second) return;
      await redeemReset(name.trim(), code.trim(), first);
      await logIn(name.trim(), first);
      await refresh();
    }, t("reset.wrong"));
  return (
    <Form label={t("reset.open")} submit={t("reset.submit")} isBusy={isBusy} error={error} onSubmit={() => void submit()}>
      <TextField label={t("password.name")} autoComplete="username" autoCapitalize="none" required value={name} onChange={(event) => setName(event.target.value)} />
      <TextField label={t("reset.code")} autoComplete="one-time-code" autoCapitalize="none" spellCheck={false} required value={code} onChange={(event) => setCode(event.target.value)} />
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
