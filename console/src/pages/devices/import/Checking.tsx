import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, kindOf } from "../../../api/errors";
import { Button } from "../../../components/Button";
import { Notice } from "../../../components/states";
import { formatBytes } from "../../../format/numbers";
import { type DeviceImport, sendFile } from "./asking";
import { FileDrop } from "./FileDrop";
import styles from "./Import.module.css";
import { type FileFlaw, flawOf } from "./logic/file";
import { keepFile } from "./logic/kept";

interface Props {
  onChecked: (found: DeviceImport) => void;
  /** It is not the first file: an earlier one was wrong, or is not here any more. */
  isAgain?: boolean;
  /** It is what one came for; else something else on the page is. */
  isMain?: boolean;
}

/** Takes a file and has it judged, without registering anything; what is wrong with the file as a whole is said here. */
export function Checking({ onChecked, isAgain = false, isMain = true }: Props) {
  const { t } = useTranslation("devices/import");
  const [flaw, setFlaw] = useState<FileFlaw>();
  const stop = useRef<AbortController>(null);
  useEffect(() => () => stop.current?.abort(), []);
  const checking = useMutation({
    mutationFn: async (file: File) => {
      stop.current = new AbortController();
      const found = await sendFile({ file, isDryRun: true, signal: stop.current.signal });
      await keepFile(found.id, file);
      return found;
    },
    onSuccess: onChecked,
  });
  const take = (files: readonly File[]) => {
    const wrong = flawOf(files);
    const [file] = files;
    setFlaw(wrong === "none" ? undefined : wrong);
    checking.reset();
    if (wrong === undefined && file !== undefined) checking.mutate(file);
  };
  if (checking.isPending) {
    return (
      <Waiting text={t("file.checking", { name: checking.variables.name, size: formatBytes(checking.variables.size) })} onStop={() => stop.current?.abort()} />
    );
  }
  const isStopped = checking.isError && kindOfStop(checking.error);
  return (
    <>
      {flaw !== undefined && <Notice kind="bad">{t(`flaw.${flaw}`)}</Notice>}
      {checking.isError && (
        <Notice kind={isStopped ? "info" : "bad"}>
          {isStopped ? t("file.stopped") : <Refusal error={checking.error} name={checking.variables.name} />}
        </Notice>
      )}
      <FileDrop isAgain={isAgain} isMain={isMain} onFiles={take} />
    </>
  );
}

const kindOfStop = (error: unknown): boolean => error instanceof DOMException && error.name === "AbortError";

/** Why a file cannot be read, in the words of the API (which are in the visitor's language), else what hindered the way there. */
export function Refusal({ error, name }: { error: unknown; name: string }) {
  const { t } = useTranslation("devices/import");
  const kind = kindOf(error);
  const said = error instanceof ApiError && error.status === 400 ? error.problem.detail : undefined;
  if (said !== undefined) return t("file.unreadable", { name, said });
  return t(`failure.${kind}`);
}

/** Something is under way, and can be stopped. */
export function Waiting({ text, onStop }: { text: string; onStop: () => void }) {
  const { t } = useTranslation("devices/import");
  const button = useRef<HTMLDivElement>(null);
  useEffect(() => button.current?.querySelector("button")?.focus(), []);
  return (
    <div className={styles.drop} ref={button}>
      <p role="status">{text}</p>
      <progress className={styles.bar} aria-label={text} />
      <Button icon="close" onClick={onStop}>
        {t("stop")}
      </Button>
    </div>
  );
}
