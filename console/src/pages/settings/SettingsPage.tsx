import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { answer, api } from "../../api/client";
import type { components } from "../../api/schema";
import { Button } from "../../components/Button";
import { CopyButton } from "../../components/CopyButton";
import { Dialog } from "../../components/Dialog";
import { TextField } from "../../components/Field";
import { ErrorState, Loading, Notice } from "../../components/states";
import { formatMoment } from "../../format/times";
import styles from "./Settings.module.css";

type Key = components["schemas"]["ApiKey"];
type Role = Key["role"];

/** Who one is, and one's keys. */
export default function SettingsPage() {
  const { t } = useTranslation("settings");
  const me = useQuery({ queryKey: ["settings", "me"], queryFn: ({ signal }) => answer(api.GET("/api/v1/me", { signal })) });
  const organisation = me.data?.organisation as { name: string; nameJa?: string } | null | undefined;
  return (
    <div className={styles.page}>
      <h1>{t("title")}</h1>
      {me.isPending && <Loading />}
      {me.isError && me.data === undefined && <ErrorState error={me.error} onRetry={() => void me.refetch()} />}
      {me.data !== undefined && (
        <>
          <section className={styles.section} aria-labelledby="me">
            <h2 id="me">{t("me.title")}</h2>
            <dl className={styles.facts}>
              <dt>{t("me.name")}</dt>
              <dd>{me.data.key?.label ?? me.data.name}</dd>
              <dt>{t("me.role")}</dt>
              <dd>{t(`role.${me.data.role}`)}</dd>
              <dt>{t("me.organisation")}</dt>
              <dd>{organisation?.nameJa ?? organisation?.name ?? "–"}</dd>
              <dt>{t("me.tenants")}</dt>
              <dd>{me.data.tenants === null ? t("me.allTenants") : (me.data.tenants).join(", ")}</dd>
            </dl>
          </section>
          <Keys role={me.data.role as Role} />
        </>
      )}
    </div>
  );
}

function Keys({ role }: { role: Role }) {
  const { t } = useTranslation("settings");
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
      <h2 id="keys">{t("keys.title")}</h2>
      {keys.isPending && <Loading />}
      {keys.isError && keys.data === undefined && <ErrorState error={keys.error} onRetry={() => void keys.refetch()} />}
      {keys.data?.keys.length === 0 && <p>{t("keys.none")}</p>}
      <ul className={styles.keys}>
        {(keys.data?.keys ?? []).map((key) => (
          <li key={key.prefix}>
            <div>
              <strong>{key.label}</strong> <code>{key.prefix}</code>
              <p className={styles.soft}>
                {t(`keyState.${key.state}`)} · {t(`role.${key.role}`)} · {key.expiresAt == null ? t("keys.forever") : t("keys.until", { at: formatMoment(key.expiresAt) })}
              </p>
            </div>
            {key.state === "valid" && (
              <div className={styles.actions}>
                <Button aria-label={t("keys.rotateOne", { prefix: key.prefix })} isBusy={making.isPending} onClick={() => making.mutate({ rotated: key.prefix })}>
                  {t("keys.rotate")}
                </Button>
                <Button kind="danger" aria-label={t("keys.revokeOne", { prefix: key.prefix })} onClick={() => setEnding(key)}>
                  {t("keys.revoke")}
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
        <TextField label={t("keys.label")} required maxLength={200} value={label} onChange={(event) => setLabel(event.target.value)} />
        <Button type="submit" kind="main" isBusy={making.isPending}>
          {t("keys.make")}
        </Button>
      </form>
      {making.isError && <Notice kind="bad">{t("keys.failed", { detail: making.error.message })}</Notice>}
      {making.data !== undefined && (
        <Notice kind="warn">
          {t("keys.once")}
          <p>
            <code>{making.data.key}</code> <CopyButton text={making.data.key}>{t("keys.copy")}</CopyButton>
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
          {revoking.isError && <Notice kind="bad">{t("keys.failed", { detail: revoking.error.message })}</Notice>}
        </Dialog>
      )}
    </section>
  );
}
