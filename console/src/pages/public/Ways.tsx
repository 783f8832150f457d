import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { kindOf } from "../../api/errors";
import { Button } from "../../components/Button";
import { CopyButton } from "../../components/CopyButton";
import { Download, saveBlob } from "../../components/Download";
import { Notice } from "../../components/states";
import { formatCount } from "../../format/numbers";
import { toDateInput } from "../../format/times";
import { toCsv } from "./csv";
import { type DataSet, getAll, historyPath, requestPath } from "./openData";
import styles from "./PublicPage.module.css";

const AS_ANYONE = { credentials: "omit" } as const;
const FORMATS = ["csv", "xlsx", "parquet"] as const;
const FORMAT_NAMES = { csv: "CSV", xlsx: "Excel", parquet: "Parquet" } as const;

/** How to have the data: now, its history, by the API. */
export function Ways({ set }: { set: DataSet }) {
  const { t } = useTranslation("public");
  const address = location.origin + requestPath(set);
  return (
    <div className={styles.ways}>
      <SaveNow set={set} />
      <History set={set} />
      <div className={styles.way}>
        <a href={requestPath(set)}>{t("json")}</a>
        <CopyButton text={address} icon="link">
          {t("copyApi")}
        </CopyButton>
      </div>
    </div>
  );
}

function SaveNow({ set }: { set: DataSet }) {
  const { t } = useTranslation("public");
  const [count, setCount] = useState<number>();
  const [error, setError] = useState<unknown>();
  const stop = useRef<AbortController>(null);
  const save = async () => {
    const controller = new AbortController();
    stop.current = controller;
    setError(undefined);
    setCount(0);
    try {
      const entities = await getAll(set, setCount, controller.signal);
      saveBlob(new Blob([toCsv(entities, set)], { type: "text/csv;charset=utf-8" }), `${set.name}-${toDateInput(Date.now())}.csv`);
    } catch (reason) {
      if (!controller.signal.aborted) setError(reason);
    } finally {
      setCount(undefined);
    }
  };
  return (
    <div className={styles.way}>
      {count === undefined ? (
        <Button icon="download" onClick={() => void save()}>
          {t("csv")}
        </Button>
      ) : (
        <Button icon="close" onClick={() => stop.current?.abort()}>
          {t("stop", { shown: formatCount(count), all: formatCount(set.entityCount) })}
        </Button>
      )}
      {error !== undefined && <Notice kind="bad">{t("failed", { why: t(`error.${kindOf(error)}.title`, { ns: "shell" }) })}</Notice>}
    </div>
  );
}

function History({ set }: { set: DataSet }) {
  const { t } = useTranslation("public");
  if (!set.hasHistory) return null;
  if (historyPath(set, "csv") === undefined) return <p className={styles.soft}>{t("history.tooMuch")}</p>;
  return (
    <div className={styles.way} role="group" aria-label={t("history.label")}>
      <span className={styles.soft}>{t("history.label")}</span>
      {FORMATS.map((format) => (
        <Download key={format} kind="quiet" path={historyPath(set, format) ?? ""} init={AS_ANYONE} name={`${set.name}.${format}`}>
          {FORMAT_NAMES[format]}
        </Download>
      ))}
    </div>
  );
}
