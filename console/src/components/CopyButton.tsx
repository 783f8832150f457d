import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./Button";
import type { IconName } from "./Icon";

const SAID_MS = 2_500;

interface Props {
  text: string;
  icon?: IconName;
  kind?: "quiet" | "normal";
  /** Where the words alone do not say what is copied. */
  label?: string;
  onCopied?: () => void;
  children: ReactNode;
}

/** Puts a text on the clipboard and says so. */
export function CopyButton({ text, icon = "copy", kind = "quiet", label, onCopied, children }: Props) {
  const { t } = useTranslation();
  const [said, setSaid] = useState<"copied" | "failed">();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("copied");
      onCopied?.();
    } catch {
      setSaid("failed");
    }
    setTimeout(() => setSaid(undefined), SAID_MS);
  };
  return (
    <>
      <Button kind={kind} icon={said === "copied" ? "check" : icon} aria-label={said === undefined ? label : undefined} onClick={() => void copy()}>
        {said === undefined ? children : t(`copy.${said}`)}
      </Button>
      <span className="visually-hidden" role="status">
        {said !== undefined && t(`copy.${said}`)}
      </span>
    </>
  );
}
