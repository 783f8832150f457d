import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { problemText } from "../../../api/said";
import { may } from "../../../api/session";
import { useAuth } from "../../../app/auth";
import { Button } from "../../../components/Button";
import { Confirm } from "../../../components/Confirm";
import { SelectField, TextField } from "../../../components/Field";
import { OwnWords } from "../../../components/OwnWords";
import { ErrorState, Loading, Notice } from "../../../components/states";
import { DAY, formatAge, formatMoment, HOUR, SECOND } from "../../../format/times";
import { Login } from "../new/Login";
import { type Device, forget, issue, revoke, useCredentials } from "./asking";
import { Certificates } from "./Certificates";
import styles from "./List.module.css";

/** What a device logs in with: passwords and certificates. */
export function Keys({ device }: { device: Device }) {
  const { t } = useTranslation("devices/list");
  const { visitor } = useAuth();
  const canChange = may(visitor, "devices:own:write");
  if (device.gateway != null) return <p>{t("keys.behind", { gateway: device.gateway })}</p>;
  return (
    <>
      <Passwords id={device.id} canChange={canChange} />
      <Certificates id={device.id} canChange={canChange} />
    </>
  );
}

type Known = NonNullable<ReturnType<typeof useCredentials>["data"]>["credentials"][number];

function Passwords({ id, canChange }: { id: string; canChange: boolean }) {
  const { t } = useTranslation("devices/list");
  const known = useCredentials(id);
  const [asking, setAsking] = useState<Known>();
  const passwords = known.data?.credentials ?? [];
  return (
    <section aria-labelledby="passwords" className={styles.part}>
      <h3 id="passwords">{t("keys.passwords")}</h3>
      {known.isPending && <Loading />}
      {known.isError && known.data === undefined && <ErrorState error={known.error} onRetry={() => void known.refetch()} />}
      {known.isSuccess && passwords.length === 0 && <Notice kind="warn">{t("keys.none")}</Notice>}
      <ul className={styles.log}>
        {passwords.map((one) => (
          <li key={one.id} className={styles.row}>
            <span>
              <code>{one.prefix}…</code> {one.label}
              <br />
              <span className={styles.soft}>
                {t("keys.made", { at: formatMoment(one.createdAt) })} {one.lastUsedAt != null && t("keys.used", { age: formatAge(one.lastUsedAt) })}{" "}
                {one.expiresAt != null && t("keys.ends", { at: formatMoment(one.expiresAt) })}
              </span>
            </span>
            {canChange && (
              <Button kind="danger" aria-label={t("keys.revokeOne", { prefix: one.prefix ?? one.id })} onClick={() => setAsking(one)}>
                {t("keys.revoke")}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {canChange && <Issue id={id} hasOthers={passwords.length > 0} />}
      {asking !== undefined && <Revoke id={id} credential={asking} isLast={passwords.length === 1} onClose={() => setAsking(undefined)} />}
    </section>
  );
}

function Revoke({ id, credential, isLast, onClose }: { id: string; credential: Known; isLast: boolean; onClose: () => void }) {
  const { t } = useTranslation("devices/list");
  const queries = useQueryClient();
  const revoking = useMutation({
    mutationFn: () => revoke(id, credential.id),
    onSuccess: () => {
      void forget(queries);
      onClose();
    },
  });
  return (
    <Confirm
      title={t("keys.question", { prefix: credential.prefix ?? credential.id })}
      yes={t("keys.revoke")}
      isBusy={revoking.isPending}
      error={revoking.error}
      onYes={() => revoking.mutate()}
      onClose={onClose}
    >
      <p>{t(isLast ? "keys.lastFollows" : "keys.follows")}</p>
    </Confirm>
  );
}

const OVERLAPS = { keep: undefined, day: DAY / SECOND, week: (7 * DAY) / SECOND, hour: HOUR / SECOND } as const;
type Overlap = keyof typeof OVERLAPS;

function Issue({ id, hasOthers }: { id: string; hasOthers: boolean }) {
  const { t } = useTranslation("devices/list");
  const queries = useQueryClient();
  const [label, setLabel] = useState("");
  const [overlap, setOverlap] = useState<Overlap>("keep");
  const overlapS = OVERLAPS[overlap];
  const issuing = useMutation({
    mutationFn: () => issue(id, { ...(label.trim() !== "" && { label: label.trim() }), ...(overlapS !== undefined && { overlapS }) }),
    gcTime: 0,
    onSuccess: () => {
      setLabel("");
      void forget(queries);
    },
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    issuing.mutate();
  };
  return (
    <form className={styles.part} onSubmit={submit}>
      <TextField label={t("keys.label")} hint={t("keys.labelHint")} isOptional maxLength={100} value={label} onChange={(event) => setLabel(event.target.value)} />
      {hasOthers && (
        <SelectField label={t("keys.overlap")} value={overlap} onChange={(event) => setOverlap(event.target.value as Overlap)}>
          {(["keep", "hour", "day", "week"] as const).map((one) => (
            <option key={one} value={one}>
              {t(`keys.overlapOf.${one}`)}
            </option>
          ))}
        </SelectField>
      )}
      <div>
        <Button type="submit" isBusy={issuing.isPending}>
          {t("keys.issue")}
        </Button>
      </div>
      {issuing.data !== undefined && <Login id={id} shown={issuing.data} />}
      {issuing.isError && <Notice kind="bad">{t("edit.failed", { why: problemText(issuing.error, (kind) => t(`failure.${kind}`)) })} <OwnWords error={issuing.error} /></Notice>}
    </form>
  );
}
