import { useState } from "react";
import { useTranslation } from "react-i18next";
import { getTenant } from "../../api/credentials";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { CheckBox, Choice, TextArea } from "../../components/Field";
import { Notice } from "../../components/states";
import { getLanguage } from "../../i18n";
import type { Taken } from "./Actions";
import { copy } from "./copy";
import styles from "./History.module.css";
import { asCurl, asHttp, asPython, historyPath, ngsiLdPath } from "./logic/requests";

const KINDS = ["ngsild", "curl", "python"] as const;
type Kind = (typeof KINDS)[number];

/** The figure as a request that others can paste: of what it draws, or of all places; as it is, or as it will be known. */
export function CodeDialog(props: Taken & { onClose: () => void }) {
  const { question, shown, places, bucket } = props;
  const { t } = useTranslation("history");
  const [kind, setKind] = useState<Kind>("ngsild");
  const [scope, setScope] = useState<"all" | "shown">("shown");
  const [isFixed, setFixed] = useState(true);
  const [isCopied, setCopied] = useState<boolean>();
  const text = write(kind, props, scope === "shown" ? shown : question.ids, isFixed);
  const changed = (act: () => void) => {
    act();
    setCopied(undefined);
  };
  const isLeft = kind === "ngsild" && bucket !== "none" && question.methods.some((one) => one === "first" || one === "last");
  return (
    <Dialog title={t("code.title")} width="wide" onClose={props.onClose}>
      <div className={styles.form}>
        <Choice label={t("code.kind")} value={kind} options={KINDS.map((one) => ({ value: one, label: t(`code.${one}`) }))} onChange={(next) => changed(() => setKind(next))} />
        {places > shown.length && (
          <Choice
            label={t("download.places")}
            value={scope}
            options={[
              { value: "shown", label: t("download.placesShown", { count: shown.length }) },
              { value: "all", label: t("download.placesAll", { count: places }) },
            ]}
            onChange={(next) => changed(() => setScope(next))}
          />
        )}
        {kind !== "ngsild" && <CheckBox label={t("code.fixed")} checked={isFixed} onChange={(event) => changed(() => setFixed(event.target.checked))} />}
        <TextArea label={t("code.text")} className={styles.code} readOnly rows={12} spellCheck={false} value={text} />
        {isLeft && <Notice>{t("code.left")}</Notice>}
        <div className={styles.actions}>
          <Button kind="main" icon="copy" onClick={() => void copy(text).then(setCopied)}>
            {t("code.copy")}
          </Button>
        </div>
        <p className={styles.soft}>{t("code.note")}</p>
        {isCopied !== undefined && <Notice kind={isCopied ? "good" : "bad"}>{t(isCopied ? "code.copied" : "code.failed")}</Notice>}
      </div>
    </Dialog>
  );
}

/** A request for each year that the figure compares. */
function write(kind: Kind, { question, bucket, loaded }: Taken, ids: readonly string[], isFixed: boolean): string {
  const caller = { origin: location.origin, tenant: getTenant() };
  const asOf = question.asOf ?? (isFixed ? loaded.about.dataVersion : undefined);
  const asked = { ...question, ids, asOf };
  const spans = loaded.windows.map((one) => one.span);
  if (kind === "ngsild") return spans.map((span) => asHttp(ngsiLdPath(asked, span, bucket), caller)).join("\n\n");
  const paths = spans.map((span) => historyPath(asked, span, bucket, { format: "csv", layout: "long", language: getLanguage() }));
  return kind === "curl" ? paths.map((path) => asCurl(path, caller)).join("\n\n") : asPython(paths, caller);
}
