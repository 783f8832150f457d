/** Downloads that say how far they are, can be stopped, and say what went wrong. Credentials go with the request, never into a URL. */

import { type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { send } from "../api/client";
import { formatBytes } from "../format/numbers";
import { Button } from "./Button";
import { kindOf } from "../api/errors";
import { Notice } from "./states";
import type { IconName } from "./Icon";

const LONG_MS = 30 * 60_000;

/** Saves something that is here already. */
export function saveBlob(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

interface Props {
  /** Path and query of what to fetch, and how. */
  path: string;
  init?: RequestInit;
  /** The file's name where the answer has none of its own. */
  name: string;
  children: ReactNode;
  icon?: IconName;
  kind?: "main" | "normal" | "quiet";
}

export function Download({ path, init, name, children, icon = "download", kind = "normal" }: Props) {
  const { t } = useTranslation();
  const { bytes, isDone, error, start, stop } = useDownload(path, init, name);
  const isRunning = bytes !== undefined;
  return (
    <>
      {/* One button for both, so that the focus stays on it */}
      <Button kind={kind} icon={isRunning ? "close" : icon} onClick={isRunning ? stop : () => void start()}>
        {isRunning ? t("download.stop", { size: formatBytes(bytes) }) : children}
      </Button>
      <span className="visually-hidden" role="status">
        {isRunning ? t("download.running") : isDone && t("download.done")}
      </span>
      {error !== undefined && <Notice kind="bad">{t(`error.${kindOf(error)}.title`)}</Notice>}
    </>
  );
}

/** `bytes` so far; undefined while nothing is on its way. */
function useDownload(path: string, init: RequestInit | undefined, name: string) {
  const [bytes, setBytes] = useState<number>();
  const [isDone, setDone] = useState(false);
  const [error, setError] = useState<unknown>();
  const running = useRef<AbortController>(null);
  const start = async () => {
    const controller = new AbortController();
    running.current = controller;
    setError(undefined);
    setDone(false);
    setBytes(0);
    try {
      const response = await send(path, { ...init, signal: controller.signal }, LONG_MS);
      saveBlob(await readWith(response, setBytes), nameOf(response) ?? name);
      setDone(true);
    } catch (reason) {
      if (!controller.signal.aborted) setError(reason);
    } finally {
      setBytes(undefined);
    }
  };
  return { bytes, isDone, error, start, stop: () => running.current?.abort() };
}

async function readWith(response: Response, tell: (bytes: number) => void): Promise<Blob> {
  if (response.body === null) return response.blob();
  const parts: BlobPart[] = [];
  let bytes = 0;
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    bytes += part.value.length;
    tell(bytes);
  }
  return new Blob(parts, { type: response.headers.get("Content-Type") ?? "application/octet-stream" });
}

/** The name that the answer gives (RFC 6266), in UTF-8 where it does. */
export function nameOf(response: Response): string | undefined {
  const header = response.headers.get("Content-Disposition") ?? "";
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(header)?.[1];
  if (encoded !== undefined) return decodeURIComponent(encoded);
  return /filename="([^"]+)"/i.exec(header)?.[1];
}
