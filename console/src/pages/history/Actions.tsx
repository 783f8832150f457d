import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { saveBlob } from "../../components/Download";
import { Notice } from "../../components/states";
import { CodeDialog } from "./CodeDialog";
import { copy } from "./copy";
import { DownloadDialog } from "./DownloadDialog";
import type { DrawnChart } from "./FigureView";
import { drawFigure } from "./drawFigure";
import styles from "./History.module.css";
import type { Loaded } from "./load";
import type { Bucket } from "./logic/bucket";
import type { Span } from "./logic/period";
import { pinned, type Question } from "./logic/question";
import { periodName } from "./titles";
import { addressOf } from "./useQuestion";

export interface Taken {
  question: Question;
  shown: readonly string[];
  /** How many places the conditions select. */
  places: number;
  span: Span;
  bucket: Bucket;
  now: number;
  loaded: Loaded;
  charts: readonly DrawnChart[];
}

interface Said {
  readonly kind: "good" | "bad";
  readonly text: string;
  /** To be copied by hand, where the browser does not. */
  readonly link?: string;
}

/** What can be taken along: files, a picture, a link, the request. */
export function Actions(props: Taken) {
  const { t } = useTranslation("history");
  const [open, setOpen] = useState<"download" | "code">();
  const [said, setSaid] = useState<Said>();
  const copyLink = async () => {
    const link = addressOf(pinned(props.question, props.shown, props.now, props.loaded.about.dataVersion));
    const isCopied = await copy(link);
    setSaid(isCopied ? { kind: "good", text: t("actions.linked") } : { kind: "bad", text: t("code.failed"), link });
  };
  const savePicture = async () => {
    try {
      saveBlob(await drawFigure(props, t), `${t("title")}_${periodName(props.question.period, props.span).replace(/[\s/:]+/g, "_")}.png`);
      setSaid({ kind: "good", text: t("actions.drawn") });
    } catch {
      setSaid({ kind: "bad", text: t("actions.drawFailed") });
    }
  };
  return (
    <div className={styles.actions} role="group" aria-label={t("actions.label")}>
      <Button kind="main" icon="download" onClick={() => setOpen("download")}>
        {t("actions.download")}
      </Button>
      <Button icon="history" onClick={() => void savePicture()}>
        {t("actions.png")}
      </Button>
      <Button icon="link" onClick={() => void copyLink()}>
        {t("actions.link")}
      </Button>
      <Button icon="copy" onClick={() => setOpen("code")}>
        {t("actions.code")}
      </Button>
      {said !== undefined && (
        <Notice kind={said.kind}>
          {said.text}
          {said.link !== undefined && <input className={styles.link} readOnly value={said.link} aria-label={t("actions.link")} onFocus={(event) => event.target.select()} />}
        </Notice>
      )}
      {open === "download" && <DownloadDialog {...props} onClose={() => setOpen(undefined)} />}
      {open === "code" && <CodeDialog {...props} onClose={() => setOpen(undefined)} />}
    </div>
  );
}
