import { useMutation } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { Dialog } from "../../../components/Dialog";
import { TextField } from "../../../components/Field";
import people from "../people/people.module.css";
import { LoginRefusal } from "./LoginRefusal";

interface Props<T> {
  title: string;
  /** What follows. */
  text: string;
  yes: string;
  isDanger?: boolean;
  act: (password: string) => Promise<T>;
  onDone: (done: T) => void;
  onClose: () => void;
}

/** Does something that asks for the password once more: a session that somebody found open is not enough. */
export function WithPassword<T>({ title, text, yes, isDanger = false, act, onDone, onClose }: Props<T>) {
  const { t } = useTranslation("settings/me");
  const id = useId();
  const [password, setPassword] = useState("");
  const [isTried, setTried] = useState(false);
  const acting = useMutation({ mutationFn: act, gcTime: 0, onSuccess: onDone });
  const submit = (event: React.SubmitEvent) => {
    event.preventDefault();
    setTried(true);
    if (password !== "") acting.mutate(password);
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("leave")}</Button>
          <Button type="submit" form={id} kind={isDanger ? "danger" : "main"} isBusy={acting.isPending}>
            {yes}
          </Button>
        </>
      }
    >
      <form id={id} className={people.form} aria-label={title} onSubmit={submit} noValidate>
        <p>{text}</p>
        <TextField
          label={t("password.current")}
          error={isTried && password === "" ? t("password.missing") : undefined}
          type="password"
          autoComplete="current-password"
          maxLength={256}
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        {acting.isError && <LoginRefusal error={acting.error} asked="proof" />}
      </form>
    </Dialog>
  );
}
