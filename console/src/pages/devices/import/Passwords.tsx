import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { ApiError, kindOf } from "../../../api/errors";
import { Button } from "../../../components/Button";
import { saveBlob } from "../../../components/Download";
import { Notice } from "../../../components/states";
import { formatMoment } from "../../../format/times";
import { type DeviceImport, takePasswords } from "./asking";
import styles from "./Import.module.css";
import { whoOf } from "./logic/stage";

/** The passwords of the new devices: one file, once. While the page is open, it can be saved again. */
export function Passwords({ found }: { found: DeviceImport }) {
  const { t } = useTranslation("devices/import");
  const queries = useQueryClient();
  const name = `passwords-${found.id}.csv`;
  const taking = useMutation({
    mutationFn: () => takePasswords(found.id),
    gcTime: 0,
    onSuccess: (blob) => saveBlob(blob, name),
    onSettled: () => queries.invalidateQueries({ queryKey: ["devices", "imports"] }),
  });
  const told = found.credentials;
  const isGone = taking.error instanceof ApiError && taking.error.status === 409;
  return (
    <section className={styles.section} aria-labelledby="passwords">
      <h3 id="passwords">{t("passwords.title")}</h3>
      {taking.data !== undefined ? (
        <>
          <Notice kind="good">{t("passwords.saved", { name })}</Notice>
          <div>
            <Button icon="download" onClick={() => saveBlob(taking.data, name)}>
              {t("passwords.again")}
            </Button>
          </div>
        </>
      ) : told?.available === true && !isGone ? (
        <>
          <Notice kind="warn">{t("passwords.once", { until: told.until == null ? "–" : formatMoment(told.until) })}</Notice>
          {taking.isError && <Notice kind="bad">{t(`failure.${kindOf(taking.error)}`)}</Notice>}
          <div>
            <Button kind="main" icon="download" isBusy={taking.isPending} onClick={() => taking.mutate()}>
              {t("passwords.take")}
            </Button>
          </div>
        </>
      ) : (
        <Gone told={told} />
      )}
      <p className={styles.soft}>{t("passwords.what")}</p>
    </section>
  );
}

/** Why there are none to fetch: somebody has them, nobody came in time, or there were none. */
function Gone({ told }: { told: DeviceImport["credentials"] }) {
  const { t } = useTranslation("devices/import");
  if (told?.fetchedAt != null) {
    const { kind, name } = whoOf(told.fetchedBy ?? "");
    return <Notice kind="info">{t("passwords.fetched", { at: formatMoment(told.fetchedAt), who: t(`who.${kind}`, { name }) })}</Notice>;
  }
  return <Notice kind="info">{t("passwords.none")}</Notice>;
}
