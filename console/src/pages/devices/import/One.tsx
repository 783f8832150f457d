import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../../../api/errors";
import { Link } from "../../../app/router";
import { EmptyState, ErrorState, Loading } from "../../../components/states";
import { type DeviceImport, useImport } from "./asking";
import styles from "./Import.module.css";
import { type Stage, stageOf } from "./logic/stage";
import { ReportView } from "./ReportView";
import { Result } from "./Result";
import { Working } from "./Working";

const STAGES: readonly Stage[] = ["report", "working", "result"];

/** One import: what it would do, how far it is, what came of it. */
export function One({ id }: { id: string }) {
  const { t } = useTranslation("devices/import");
  const found = useImport(id);
  if (found.isPending) return <Loading />;
  if (found.data === undefined) {
    if (!(found.error instanceof ApiError) || found.error.status !== 404) {
      return <ErrorState error={found.error} onRetry={() => void found.refetch()} />;
    }
    return (
      <EmptyState icon="search" title={t("missing.title")} action={<Link to="/devices/import">{t("again")}</Link>}>
        {t("missing.text")}
      </EmptyState>
    );
  }
  return <Found found={found.data} />;
}

function Found({ found }: { found: DeviceImport }) {
  const { t } = useTranslation("devices/import");
  const stage = stageOf(found.state);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [stage]);
  return (
    <>
      <ol className={styles.steps} aria-label={t("steps.label")}>
        {STAGES.map((one, index) => (
          <li key={one} aria-current={one === stage ? "step" : undefined}>
            {index + 1}. {t(`steps.${one}`)}
          </li>
        ))}
      </ol>
      <h2 ref={heading} tabIndex={-1} className={styles.heading}>
        {t(`steps.of.${stage}`, { name: found.fileName ?? t("noName") })}
      </h2>
      {stage === "report" && <ReportView found={found} />}
      {stage === "working" && <Working found={found} />}
      {stage === "result" && <Result found={found} />}
    </>
  );
}
