import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { cx } from "../../../components/cx";
import { TextField } from "../../../components/Field";
import { Notice } from "../../../components/states";
import people from "../people/people.module.css";
import styles from "../Settings.module.css";
import { changePassword, forgetSessions } from "./asking";
import me from "./Me.module.css";
import { LoginRefusal } from "./LoginRefusal";
import { LEAST, passwordFaults } from "./logic/refusal";

const EMPTY = { current: "", next: "", again: "" };

/** Changes one's own password; the other sessions end with it. */
export function Password() {
  const { t } = useTranslation("settings/me");
  const queries = useQueryClient();
  const [typed, setTyped] = useState(EMPTY);
  const [isTried, setTried] = useState(false);
  const changing = useMutation({
    mutationFn: () => changePassword(typed.current, typed.next),
    gcTime: 0,
    onSuccess: () => {
      setTyped(EMPTY);
      setTried(false);
      void forgetSessions(queries);
    },
  });
  const faults = passwordFaults(typed.current, typed.next, typed.again);
  const submit = (event: React.SubmitEvent) => {
    event.preventDefault();
    setTried(true);
    if (faults.size === 0 && typed.current !== "") changing.mutate();
  };
  const field = (name: keyof typeof EMPTY, label: string, error: string | undefined, hint?: string) => (
    <TextField
      label={label}
      hint={hint}
      error={isTried ? error : undefined}
      type="password"
      autoComplete={name === "current" ? "current-password" : "new-password"}
      maxLength={256}
      value={typed[name]}
      onChange={(event) => {
        changing.reset();
        setTyped({ ...typed, [name]: event.target.value });
      }}
    />
  );
  return (
    <section className={styles.section} aria-labelledby="password">
      <h2 id="password">{t("password.title")}</h2>
      <form className={cx(people.form, me.short)} aria-labelledby="password" onSubmit={submit} noValidate>
        {field("current", t("password.current"), typed.current === "" ? t("password.missing") : undefined)}
        {field("next", t("password.next"), faults.has("short") ? t("password.short", { count: LEAST }) : faults.has("same") ? t("password.same") : undefined, t("password.hint", { count: LEAST }))}
        {field("again", t("password.again"), faults.has("differs") ? t("password.differs") : undefined)}
        {changing.isError && <LoginRefusal error={changing.error} asked="change" />}
        {changing.isSuccess && <Notice kind="good">{t("password.done")}</Notice>}
        <div className={styles.actions}>
          <Button type="submit" isBusy={changing.isPending}>
            {t("password.submit")}
          </Button>
        </div>
      </form>
    </section>
  );
}
