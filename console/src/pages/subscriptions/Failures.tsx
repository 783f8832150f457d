import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { ErrorState, Loading } from "../../components/states";
import { formatCount } from "../../format/numbers";
import { useNewest } from "./asking";
import { countFailures, responsibleFor } from "./logic/reasons";
import styles from "./Subscriptions.module.css";

const FAILED = ["deadLettered", "waiting"] as const;

/** Why notifications did not arrive, in words, the most frequent reason first. */
export function Failures({ id }: { id: string }) {
  const { t } = useTranslation("subscriptions");
  const found = useNewest(id, FAILED);
  const errors = useMemo(() => (found.data ?? []).flatMap((one) => one.error ?? []), [found.data]);
  return (
    <section className={styles.section} aria-labelledby="failures">
      <h2 id="failures">{t("failures.title")}</h2>
      {found.isPending && <Loading />}
      {found.isError && found.data === undefined && <ErrorState error={found.error} onRetry={() => void found.refetch()} />}
      {found.data !== undefined && errors.length === 0 && <p>{t("failures.none")}</p>}
      {errors.length > 0 && (
        <>
          <p className={styles.soft}>{t("failures.text", { count: errors.length })}</p>
          <Reasons errors={errors} />
        </>
      )}
    </section>
  );
}

function Reasons({ errors }: { errors: readonly string[] }) {
  const { t } = useTranslation("subscriptions");
  return (
    <div className={styles.scroller} role="region" aria-label={t("failures.region")} tabIndex={0}>
      <table className={`${styles.table ?? ""} numbers`}>
        <thead>
          <tr>
            <th scope="col">{t("failures.reason")}</th>
            <th scope="col">{t("failures.count")}</th>
            <th scope="col">{t("failures.who")}</th>
          </tr>
        </thead>
        <tbody>
          {countFailures(errors).map(({ failure, count }) => (
            <tr key={failure}>
              <th scope="row">{t(`mend.${failure}.short`)}</th>
              <td>{formatCount(count)}</td>
              <td>{t(`who.${responsibleFor(failure)}`)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
