import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { answer, api } from "../../../api/client";
import { ErrorState, Loading } from "../../../components/states";
import styles from "../Settings.module.css";

/** Who one is. */
export default function Me() {
  const { t } = useTranslation("settings/me");
  const me = useQuery({ queryKey: ["settings", "me"], queryFn: ({ signal }) => answer(api.GET("/api/v1/me", { signal })) });
  const organisation = me.data?.organisation;
  return (
    <>
      {me.isPending && <Loading />}
      {me.isError && me.data === undefined && <ErrorState error={me.error} onRetry={() => void me.refetch()} />}
      {me.data !== undefined && (
        <section className={styles.section} aria-labelledby="me">
          <h2 id="me">{t("title")}</h2>
          <dl className={styles.facts}>
            <dt>{t("name")}</dt>
            <dd>{me.data.key?.label ?? me.data.name}</dd>
            <dt>{t("roleLabel")}</dt>
            <dd>{t(`role.${me.data.role}`)}</dd>
            <dt>{t("organisation")}</dt>
            <dd>{organisation?.nameJa ?? organisation?.name ?? "–"}</dd>
            <dt>{t("tenants")}</dt>
            <dd>{me.data.tenants === null ? t("allTenants") : me.data.tenants.join(", ")}</dd>
          </dl>
        </section>
      )}
    </>
  );
}
