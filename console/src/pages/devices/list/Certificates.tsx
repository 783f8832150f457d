import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { problemText } from "../../../api/said";
import { Button } from "../../../components/Button";
import { Confirm } from "../../../components/Confirm";
import { saveBlob } from "../../../components/Download";
import { TextArea } from "../../../components/Field";
import { OwnWords } from "../../../components/OwnWords";
import { Notice } from "../../../components/states";
import { formatDate } from "../../../format/times";
import { forget, revokeCertificate, signCertificate, useCertificates } from "./asking";
import styles from "./List.module.css";

/** Certificates, for brokers with TLS: which are valid, a new one for a signing request, the end of one. */
export function Certificates({ id, canChange }: { id: string; canChange: boolean }) {
  const { t } = useTranslation("devices/list");
  const { data } = useCertificates(id);
  const [asking, setAsking] = useState<string>();
  const valid = data?.certificates ?? [];
  if (valid.length === 0 && !canChange) return null;
  return (
    <section aria-labelledby="certificates" className={styles.part}>
      <h3 id="certificates">{t("certificates.title")}</h3>
      {valid.length === 0 && <p className={styles.soft}>{t("certificates.none")}</p>}
      <ul className={styles.log}>
        {valid.map((one) => (
          <li key={one.serial} className={styles.row}>
            <span>
              <code>{one.serial}</code> {one.label}
              <br />
              <span className={styles.soft}>{t("certificates.until", { at: formatDate(one.notAfter) })}</span>
            </span>
            {canChange && (
              <Button kind="danger" aria-label={t("certificates.revokeOne", { serial: one.serial })} onClick={() => setAsking(one.serial)}>
                {t("keys.revoke")}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {canChange && (
        <details>
          <summary>{t("certificates.make")}</summary>
          <Sign id={id} />
        </details>
      )}
      {asking !== undefined && <Revoke id={id} serial={asking} onClose={() => setAsking(undefined)} />}
    </section>
  );
}

function Revoke({ id, serial, onClose }: { id: string; serial: string; onClose: () => void }) {
  const { t } = useTranslation("devices/list");
  const queries = useQueryClient();
  const revoking = useMutation({
    mutationFn: () => revokeCertificate(id, serial),
    onSuccess: () => {
      void forget(queries);
      onClose();
    },
  });
  return (
    <Confirm title={t("certificates.question", { serial })} yes={t("keys.revoke")} isBusy={revoking.isPending} error={revoking.error} onYes={() => revoking.mutate()} onClose={onClose}>
      <p>{t("certificates.follows")}</p>
    </Confirm>
  );
}

const save = (pem: string, name: string) => saveBlob(new Blob([pem], { type: "application/x-pem-file" }), name);

function Sign({ id }: { id: string }) {
  const { t } = useTranslation("devices/list");
  const queries = useQueryClient();
  const [csr, setCsr] = useState("");
  const signing = useMutation({ mutationFn: () => signCertificate(id, csr), onSuccess: () => forget(queries) });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    signing.mutate();
  };
  const made = signing.data;
  return (
    <form className={styles.part} onSubmit={submit}>
      <TextArea label={t("certificates.csr")} hint={t("certificates.csrHint")} rows={4} spellCheck={false} maxLength={16_384} value={csr} onChange={(event) => setCsr(event.target.value)} />
      <div className={styles.actions}>
        <Button type="submit" isBusy={signing.isPending} disabled={csr.trim() === ""}>
          {t("certificates.sign")}
        </Button>
        {made !== undefined && <Button onClick={() => save(made.certificate, `${id}.pem`)}>{t("certificates.save")}</Button>}
        {made !== undefined && <Button onClick={() => save(made.authority, "machi-ca.pem")}>{t("certificates.authority")}</Button>}
      </div>
      {signing.isError && <Notice kind="bad">{t("edit.failed", { why: problemText(signing.error, (kind) => t(`failure.${kind}`)) })} <OwnWords error={signing.error} /></Notice>}
    </form>
  );
}
