import { type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { mayLeave } from "../../../app/unsaved";
import { Button } from "../../../components/Button";
import { Dialog } from "../../../components/Dialog";
import { Once, type OnceRow } from "../../../components/Once";
import styles from "./people.module.css";

interface Props {
  title: string;
  rows: readonly OnceRow[];
  file?: string;
  /** What to do with it. */
  children?: ReactNode;
  onClose: () => void;
}

/** What is shown this once, in a dialog that asks before it closes on what was neither copied nor saved. */
export function OnceDialog({ title, rows, file, children, onClose }: Props) {
  const { t } = useTranslation("settings");
  const close = () => {
    if (mayLeave()) onClose();
  };
  useEscape(close);
  return (
    <Dialog
      title={title}
      onClose={close}
      footer={
        <Button kind="main" onClick={close}>
          {t("shut")}
        </Button>
      }
    >
      <div className={styles.once}>
        <Once label={title} rows={rows} {...(file !== undefined && { file })}>
          {children}
        </Once>
      </div>
    </Dialog>
  );
}

/** Escape, taken before the browser has it: on its second press it closes a dialog whatever the page says. */
function useEscape(act: () => void): void {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      latest.current();
    };
    window.addEventListener("keydown", listen, { capture: true });
    return () => window.removeEventListener("keydown", listen, { capture: true });
  }, []);
}
