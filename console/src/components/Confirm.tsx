/** Asks before a dangerous act: says what follows, and takes it on only after a second, different press. */

import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { problemText } from "../api/said";
import { Button } from "./Button";
import { Dialog } from "./Dialog";
import { TextField } from "./Field";
import { OwnWords } from "./OwnWords";
import { Notice } from "./states";

interface Props {
  /** A question: "Make this key void?" */
  title: string;
  /** What follows, for whom, and whether it can be undone. */
  children: ReactNode;
  /** The act by its name ("Make void"), never "OK". */
  yes: string;
  onYes: () => void;
  onClose: () => void;
  /** `danger`: it cannot be undone. */
  kind?: "danger" | "main";
  isBusy?: boolean;
  /** What went wrong; the dialog stays, so that one can try again. */
  error?: unknown;
  /** For the worst: what one has to type first, such as the name of what is deleted. */
  typed?: string;
}

export function Confirm({ title, children, yes, onYes, onClose, kind = "danger", isBusy = false, error, typed }: Props) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const isTyped = typed === undefined || text.trim() === typed;
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("confirm.no")}</Button>
          <Button kind={kind} isBusy={isBusy} disabled={!isTyped} onClick={onYes}>
            {yes}
          </Button>
        </>
      }
    >
      {children}
      {typed !== undefined && (
        <TextField label={t("confirm.typed", { text: typed })} autoComplete="off" spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} />
      )}
      {error !== undefined && error !== null && <Notice kind="bad">{t("confirm.failed", { why: problemText(error, (kind) => t(`error.${kind}.title`)) })} <OwnWords error={error} /></Notice>}
    </Dialog>
  );
}
