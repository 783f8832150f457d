import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { answer, api } from "../../../api/client";
import { ErrorState, Loading, Notice } from "../../../components/states";
import { formatMoment } from "../../../format/times";
import { Cards } from "./Cards";
import { Disk } from "./Disk";
import { Ingest } from "./Ingest";
import { Jobs } from "./Jobs";
import { Parts } from "./Parts";
import { Summary } from "./Summary";
import styles from "./System.module.css";

const EVERY_MS = 2_000;

/** How the whole installation is doing; asked again every two seconds, in place. */
export default function SystemHealth() {
  const { t } = useTranslation("settings/system");
  const asked = useQuery({
    queryKey: ["settings", "system"],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/system", { signal })),
    refetchInterval: EVERY_MS,
    staleTime: 0,
  });
  const system = asked.data;
  if (system === undefined) {
    return asked.isError ? <ErrorState error={asked.error} onRetry={() => void asked.refetch()} /> : <Loading />;
  }
  return (
    <>
      <header className={styles.head}>
        <h2>{t("title")}</h2>
        <p className={styles.soft}>{t("at", { at: formatMoment(system.at) })}</p>
      </header>
      {asked.isError && <Notice kind="bad">{t("stale", { at: formatMoment(system.at) })}</Notice>}
      <Summary system={system} />
      <Parts system={system} />
      <Ingest system={system} />
      <Cards title={t("late.title")} lead={t("late.lead")} ids={["commit", "inFlight", "readingAge", "silent"]} system={system} />
      <Disk system={system} />
      <Cards title={t("left.title")} lead={t("left.lead")} ids={["quarantine", "waiting", "resting", "paused"]} system={system} />
      <Jobs system={system} />
    </>
  );
}
