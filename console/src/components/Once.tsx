/** A secret that is shown this once: to copy or to save, with a warning, and a question when one leaves without either. */

import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useUnsaved } from "../app/unsaved";
import { Button } from "./Button";
import { CopyButton } from "./CopyButton";
import { saveBlob } from "./Download";
import { Notice } from "./states";
import styles from "./Once.module.css";

export interface OnceRow {
  readonly label: string;
  readonly text: string;
}

interface Props {
  /** What it is, for screen readers: "The new key". */
  label: string;
  rows: readonly OnceRow[];
  /** The name of the text file that holds all rows; without one, there is none to save. */
  file?: string;
  /** What to do with it; stands after the warning. */
  children?: ReactNode;
}

export function Once({ label, rows, file, children }: Props) {
  const { t } = useTranslation();
  const [isKept, setKept] = useState(false);
  useUnsaved(!isKept, t("once.leave"));
  const all = rows.map((row) => `${row.label}: ${row.text}`).join("\n");
  const save = (name: string) => {
    saveBlob(new Blob([`${all}\n`], { type: "text/plain;charset=utf-8" }), name);
    setKept(true);
  };
  return (
    <section className={styles.once} aria-label={label}>
      <Notice kind="warn">
        {t("once.text")} {children}
      </Notice>
      <dl>
        {rows.map((row) => (
          <div key={row.label}>
            <dt>{row.label}</dt>
            <dd>
              <code>{row.text}</code>
              <CopyButton text={row.text} onCopied={() => setKept(true)} label={t("once.copyOne", { what: row.label })}>
                {t("once.copy")}
              </CopyButton>
            </dd>
          </div>
        ))}
      </dl>
      {file !== undefined && (
        <Button icon="download" onClick={() => save(file)}>
          {t("once.save")}
        </Button>
      )}
    </section>
  );
}
