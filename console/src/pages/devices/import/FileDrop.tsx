import { type RefObject, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { cx } from "../../../components/cx";
import styles from "./Import.module.css";
import { ENDINGS } from "./logic/file";

/** Where a file is dropped, or chosen by a button: the button alone is enough. */
export function FileDrop({ isAgain, isMain, onFiles }: { isAgain: boolean; isMain: boolean; onFiles: (files: readonly File[]) => void }) {
  const { t } = useTranslation("devices/import");
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const area = useDropped(onFiles, setOver);
  return (
    <div ref={area} className={cx(styles.drop, isOver && styles.over)}>
      <Button kind={isMain ? "main" : "normal"} onClick={() => input.current?.click()}>
        {t(isAgain ? "file.chooseAgain" : "file.choose")}
      </Button>
      <p className={styles.wide}>{t("file.drop")}</p>
      <p className={styles.soft}>{t("file.hint")}</p>
      <input
        ref={input}
        type="file"
        hidden
        accept={ENDINGS}
        aria-label={t("file.choose")}
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          event.target.value = ""; // the same file again, mended, is a new choice
        }}
      />
    </div>
  );
}

/** Listens to files that are dropped on an element. */
function useDropped(onFiles: (files: readonly File[]) => void, setOver: (isOver: boolean) => void): RefObject<HTMLDivElement | null> {
  const area = useRef<HTMLDivElement>(null);
  const latest = useRef(onFiles);
  useEffect(() => {
    latest.current = onFiles;
  });
  useEffect(() => {
    const element = area.current;
    if (element === null) return undefined;
    const ending = new AbortController();
    const listen = (name: "dragover" | "dragleave" | "drop", act: (event: DragEvent) => void) => element.addEventListener(name, act, { signal: ending.signal });
    listen("dragover", (event) => {
      event.preventDefault();
      setOver(true);
    });
    listen("dragleave", () => setOver(false));
    listen("drop", (event) => {
      event.preventDefault();
      setOver(false);
      latest.current([...(event.dataTransfer?.files ?? [])]);
    });
    return () => ending.abort();
  }, [setOver]);
  return area;
}
