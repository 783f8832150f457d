import { useState } from "react";
import { useTranslation } from "react-i18next";
import { getTenant } from "../../api/credentials";
import { Button } from "../../components/Button";
import { seriesColours, SERIES_DASHES } from "../../components/chartColours";
import { Dialog } from "../../components/Dialog";
import { Download, saveBlob } from "../../components/Download";
import { Choice, TextArea } from "../../components/Field";
import { Notice } from "../../components/states";
import { formatMoment } from "../../format/times";
import { getLanguage } from "../../i18n";
import type { DrawnChart } from "./FigureView";
import styles from "./History.module.css";
import type { Loaded } from "./load";
import type { Bucket } from "./logic/bucket";
import type { Span } from "./logic/period";
import { drawPicture } from "./logic/picture";
import { pinned, type Question } from "./logic/question";
import { asCurl, asHttp, asPython, type Format, historyPath, ngsiLdPath } from "./logic/requests";
import { periodName } from "./titles";
import { addressOf } from "./useQuestion";

interface Props {
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

type Open = "download" | "code" | undefined;

export function Actions(props: Props) {
  const { t } = useTranslation("history");
  const [open, setOpen] = useState<Open>();
  const [said, setSaid] = useState<{ kind: "good" | "bad"; text: string; link?: string }>();
  const copyLink = async () => {
    const link = addressOf(pinned(props.question, props.shown, props.now, props.loaded.about.dataVersion));
    const isCopied = await copy(link);
    setSaid(isCopied ? { kind: "good", text: t("actions.linked") } : { kind: "bad", text: t("code.failed"), link });
  };
  const savePicture = async () => {
    try {
      saveBlob(await picture(props, t), `${t("title")}_${periodName(props.question.period, props.span).replace(/[\s/:]+/g, "_")}.png`);
      setSaid(undefined);
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

/** Whether it could be copied: browsers allow it on https and on the own machine only. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

async function picture({ question, span, bucket, loaded, charts }: Props, t: ReturnType<typeof useTranslation<"history">>["t"]): Promise<Blob> {
  const style = getComputedStyle(document.documentElement);
  const images = await Promise.all(
    charts.map(async ({ title, handle }) => {
      const blob = await handle.current?.toPng();
      return blob ? [{ title, image: await createImageBitmap(blob) }] : [];
    }),
  );
  const colours = seriesColours();
  const { licence, attribution, dataVersion } = loaded.about;
  const terms = [attribution, licence?.name].filter((one) => one !== undefined).join(" · ");
  return drawPicture({
    title: charts.map((one) => one.title).join(" · "),
    subtitle: `${periodName(question.period, span)} · ${t(`bucket.${bucket}`)}`,
    footer: [`${t("quality.version")}: ${formatMoment(dataVersion)}`, ...(terms === "" ? [] : [terms])],
    legend: charts.flatMap((chart) =>
      chart.names.map((name, index) => ({
        name,
        colour: colours[index % colours.length] ?? "#000",
        dash: SERIES_DASHES[index % SERIES_DASHES.length] ?? [],
      })),
    ),
    charts: images.flat(),
    colours: { ground: style.getPropertyValue("--surface"), text: style.getPropertyValue("--text"), soft: style.getPropertyValue("--soft") },
    font: style.getPropertyValue("--font"),
  });
}

const FORMATS: readonly Exclude<Format, "json">[] = ["csv", "xlsx", "parquet"];

function DownloadDialog({ question, shown, places, span, bucket, onClose }: Props & { onClose: () => void }) {
  const { t } = useTranslation("history");
  const [scope, setScope] = useState<"all" | "shown">("all");
  const [values, setValues] = useState<"buckets" | "raw">("buckets");
  const [layout, setLayout] = useState<"long" | "wide">("long");
  const asked = scope === "shown" ? { ...question, ids: shown } : question;
  const used: Bucket = values === "raw" ? "none" : bucket;
  return (
    <Dialog title={t("download.title")} onClose={onClose}>
      <div className={styles.form}>
        {places > shown.length && (
          <Choice
            label={t("download.places")}
            value={scope}
            options={[
              { value: "all", label: t("download.placesAll", { count: places }) },
              { value: "shown", label: t("download.placesShown", { count: shown.length }) },
            ]}
            onChange={setScope}
          />
        )}
        {bucket !== "none" && (
          <Choice
            label={t("download.values")}
            value={values}
            options={[
              { value: "buckets", label: t("download.valuesBuckets", { bucket: t(`bucket.${bucket}`) }) },
              { value: "raw", label: t("download.valuesRaw") },
            ]}
            onChange={setValues}
          />
        )}
        <Choice
          label={t("download.layout")}
          value={layout}
          options={[
            { value: "long", label: t("download.long") },
            { value: "wide", label: t("download.wide") },
          ]}
          onChange={setLayout}
        />
        <div className={styles.actions}>
          {FORMATS.map((format) => (
            <Download key={format} kind={format === "xlsx" ? "main" : "normal"} name={`machi.${format}`} path={historyPath(asked, span, used, { format, layout, language: getLanguage() })}>
              {t(`download.${format}`)}
            </Download>
          ))}
        </div>
        <p className={styles.soft}>{t("download.note")}</p>
      </div>
    </Dialog>
  );
}

const KINDS = ["ngsild", "curl", "python"] as const;

function CodeDialog({ question, shown, span, bucket, onClose }: Props & { onClose: () => void }) {
  const { t } = useTranslation("history");
  const [kind, setKind] = useState<(typeof KINDS)[number]>("ngsild");
  const [isCopied, setCopied] = useState<boolean>();
  const caller = { origin: location.origin, tenant: getTenant() };
  const asked = { ...question, ids: question.ids.length > 0 ? question.ids : question.shown.length > 0 ? shown : [] };
  const table = historyPath(asked, span, bucket, { format: "csv", layout: "long", language: getLanguage() });
  const texts = {
    ngsild: asHttp(ngsiLdPath(asked, span, bucket), caller),
    curl: asCurl(table, caller),
    python: asPython(table, caller),
  };
  const isLeft = kind === "ngsild" && bucket !== "none" && question.methods.some((one) => one === "first" || one === "last");
  return (
    <Dialog title={t("code.title")} width="wide" onClose={onClose}>
      <div className={styles.form}>
        <Choice
          label={t("code.kind")}
          value={kind}
          options={KINDS.map((one) => ({ value: one, label: t(`code.${one}`) }))}
          onChange={(next) => {
            setKind(next);
            setCopied(undefined);
          }}
        />
        <TextArea label={t("code.text")} className={styles.code} readOnly rows={12} spellCheck={false} value={texts[kind]} />
        {isLeft && <Notice>{t("code.left")}</Notice>}
        <div className={styles.actions}>
          <Button kind="main" icon="copy" onClick={() => void copy(texts[kind]).then(setCopied)}>
            {t("code.copy")}
          </Button>
        </div>
        <p className={styles.soft}>{t("code.note")}</p>
        {isCopied !== undefined && <Notice kind={isCopied ? "good" : "bad"}>{t(isCopied ? "code.copied" : "code.failed")}</Notice>}
      </div>
    </Dialog>
  );
}
