import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { answer, api } from "../../../api/client";
import type { components } from "../../../api/schema";
import { useAuth } from "../../../app/auth";
import { Button } from "../../../components/Button";
import { CopyButton } from "../../../components/CopyButton";
import { Dialog } from "../../../components/Dialog";
import { TextField } from "../../../components/Field";
import { ErrorState, Loading, Notice } from "../../../components/states";
import { formatMoment } from "../../../format/times";
import styles from "../Settings.module.css";

type Key = components["schemas"]["ApiKey"];
type Role = Key["role"];

/** One's keys of the API. */
export default function Keys() {
  const { t } = useTranslation("settings/keys");
  const { visitor } = useAuth();
  const role = (visitor.role ?? "administrator") as Role;
  const queries = useQueryClient();
  const [label, setLabel] = useState("");
  const [ending, setEnding] = useState<Key>();
  const forget = () => queries.invalidateQueries({ queryKey: ["settings", "keys"] });
  const keys = useQuery({ queryKey: ["settings", "keys"], queryFn: ({ signal }) => answer(api.GET("/api/v1/keys", { signal })) });
  const making = useMutation({
    mutationFn: (order: { rotated?: string }) =>
      order.rotated === undefined
        ? answer(api.POST("/api/v1/keys", { body: { role, label: label.trim() } }))
        : answer(api.POST("/api/v1/keys/{prefix}/rotate", { params: { path: { prefix: order.rotated } }, body: { overlapHours: 24 } })),
    gcTime: 0,
    onSuccess: () => {
      setLabel("");
      void forget();
    },
  });
  const revoking = useMutation({
    mutationFn: (prefix: string) => api.DELETE("/api/v1/keys/{prefix}", { params: { path: { prefix } } }),
    onSuccess: () => {
      setEnding(undefined);
      void forget();
    },
  });
  return (
    <section className={styles.section} aria-labelledby="keys">
      <h2 id="keys">{t("title")}</h2>
      {keys.isPending && <Loading />}
      {keys.isError && keys.data === undefined && <ErrorState error={keys.error} onRetry={() => void keys.refetch()} />}
      {keys.data?.keys.length === 0 && <p>{t("none")}</p>}
      <ul className={styles.keys}>
        {(keys.data?.keys ?? []).map((key) => (
          <li key={key.prefix}>
            <div>
              <strong>{key.label}</strong> <code>{key.prefix}</code>
              <p className={styles.soft}>
                {t(`state.${key.state}`)} · {t(`role.${key.role}`)} · {key.expiresAt == null ? t("forever") : t("until", { at: formatMoment(key.expiresAt) })}
              </p>
            </div>
            {key.state === "valid" && (
              <div className={styles.actions}>
                <Button aria-label={t("rotateOne", { prefix: key.prefix })} isBusy={making.isPending} onClick={() => making.mutate({ rotated: key.prefix })}>
                  {t("rotate")}
                </Button>
                <Button kind="danger" aria-label={t("revokeOne", { prefix: key.prefix })} onClick={() => setEnding(key)}>
                  {t("revoke")}
                </Button>
              </div>
            )}
          </li>
        ))}
      </ul>
      <form
        className={styles.actions}
        onSubmit={(event) => {
          event.preventDefault();
          making.mutate({});
        }}
      >
        <TextField label={t("label")} required maxLength={200} value={label} onChange={(event) => setLabel(event.target.value)} />
        <Button type="submit" kind="main" isBusy={making.isPending}>
          {t("make")}
        </Button>
      </form>
      {making.isError && <Notice kind="bad">{t("failed", { detail: making.error.message })}</Notice>}
      {making.data !== undefined && (
        <Notice kind="warn">
          {t("once")}
          <p>
            <code>{making.data.key}</code> <CopyButton text={making.data.key}>{t("copy")}</CopyButton>
          </p>
        </Notice>
      )}
      {ending !== undefined && (
        <Dialog
          title={t("end.title")}
          onClose={() => setEnding(undefined)}
          footer={
            <>
              <Button onClick={() => setEnding(undefined)}>{t("end.no")}</Button>
              <Button kind="danger" isBusy={revoking.isPending} onClick={() => revoking.mutate(ending.prefix)}>
                {t("end.yes")}
              </Button>
            </>
          }
        >
          <p>{t("end.text", { prefix: ending.prefix })}</p>
          {revoking.isError && <Notice kind="bad">{t("failed", { detail: revoking.error.message })}</Notice>}
        </Dialog>
      )}
    </section>
  );
}
