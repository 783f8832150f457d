import { type ReactNode, useEffect, useId, useRef } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "./Button";
import { cx } from "./cx";
import styles from "./Dialog.module.css";

interface Props {
  title: string;
  onClose: () => void;
  children: ReactNode;
  /** What is always in sight at the bottom: buttons. */
  footer?: ReactNode;
}

/** A dialog in the middle. The browser keeps the focus inside, closes it on Escape and gives the focus back. */
export function Dialog(props: Props & { width?: "normal" | "wide" }) {
  return <Modal {...props} kind={props.width === "wide" ? "wide" : "middle"} />;
}

/** A dialog at the side. */
export function Drawer(props: Props) {
  return <Modal {...props} kind="side" />;
}

function Modal({ title, onClose, children, footer, kind }: Props & { kind: "middle" | "wide" | "side" }) {
  const { t } = useTranslation();
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const opener = document.activeElement;
    const shown = dialog.current;
    shown?.showModal();
    return () => {
      shown?.close();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={cx(styles.dialog, styles[kind])}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div className={styles.head}>
        <h2 id={heading}>{title}</h2>
        <IconButton icon="close" label={t("close")} onClick={onClose} />
      </div>
      <div className={styles.body}>{children}</div>
      {footer !== undefined && <div className={styles.foot}>{footer}</div>}
    </dialog>
  );
}
