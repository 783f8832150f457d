import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { navigate } from "../../../app/router";
import { Button } from "../../../components/Button";
import { Confirm } from "../../../components/Confirm";
import { formatCount } from "../../../format/numbers";
import { formatDuration } from "../../../format/times";
import { type DeviceImport, endImport } from "./asking";
import styles from "./Import.module.css";

/** While devices are registered: how far, how long still, and the way out. It goes on without this page. */
export function Working({ found }: { found: DeviceImport }) {
  const { t } = useTranslation("devices/import");
  const [isAsked, setAsked] = useState(false);
  const { rows, waiting } = found.counts;
  const done = rows - waiting;
  const numbers = { done: formatCount(done), rows: formatCount(rows) };
  return (
    <section className={styles.section} aria-label={t("working.title")}>
      <p role="status">{t(done === 0 ? "working.soon" : "working.far", numbers)}</p>
      <progress className={styles.bar} max={rows} value={done} aria-label={t("working.title")} />
      {found.etaSeconds != null && found.etaSeconds >= 1 && <p className={styles.soft}>{t("working.left", { time: formatDuration(found.etaSeconds) })}</p>}
      <p className={styles.soft}>{t("working.leave")}</p>
      <div>
        <Button icon="close" onClick={() => setAsked(true)}>
          {t("stop")}
        </Button>
      </div>
      {isAsked && <Ending found={found} onClose={() => setAsked(false)} />}
    </section>
  );
}

/** Asks before an import is ended or its record is taken away. */
export function Ending({ found, onClose }: { found: DeviceImport; onClose: () => void }) {
  const { t } = useTranslation("devices/import");
  const queries = useQueryClient();
  const ending = useMutation({
    mutationFn: () => endImport(String(found.id)),
    onSuccess: () => {
      queries.removeQueries({ queryKey: ["devices", "imports", String(found.id)] });
      void queries.invalidateQueries({ queryKey: ["devices"] });
      onClose();
      navigate("/devices/import?ended=1");
    },
  });
  const kind = found.counts.waiting > 0 ? "stop" : "forget";
  return (
    <Confirm title={t(`end.${kind}.title`)} yes={t(`end.${kind}.yes`)} isBusy={ending.isPending} error={ending.error} onYes={() => ending.mutate()} onClose={onClose}>
      <p>{t(`end.${kind}.text`)}</p>
      {found.credentials?.fetchedAt == null && <p>{t("end.passwords")}</p>}
    </Confirm>
  );
}
