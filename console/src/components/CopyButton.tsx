import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./Button";
import type { IconName } from "./Icon";

const SAID_MS = 2_500;

/** Puts a text on the clipboard and says so. */
export function CopyButton({ text, icon = "copy", kind = "quiet", children }: { text: string; icon?: IconName; kind?: "quiet" | "normal"; children: ReactNode }) {
  const { t } = useTranslation();
  const [said, setSaid] = useState<"copied" | "failed">();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("copied");
    } catch {
      setSaid("failed");
    }
    setTimeout(() => setSaid(undefined), SAID_MS);
  };
  return (
    <>
      <Button kind={kind} icon={said === "copied" ? "check" : icon} onClick={() => void copy()}>
        {said === undefined ? children : t(`copy.${said}`)}
      </Button>
      <span className="visually-hidden" role="status">
        {said !== undefined && t(`copy.${said}`)}
      </span>
    </>
  );
}
