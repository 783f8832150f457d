import { useTranslation } from "react-i18next";
import { Link } from "../../../app/router";
import { ErrorState, Loading } from "../../../components/states";
import { useOrganisations } from "../organisations/asking";
import { useGrants } from "./asking";
import { GrantRow } from "./GrantRow";
import { holderName } from "./List";
import { organisationName } from "./logic/sentence";
import styles from "./Grants.module.css";

/** The grants of one organisation, for its own page. */
export function GrantsOf({ organisation, title, returnTo }: { organisation: string; title: string; returnTo: string }) {
  const { t } = useTranslation("settings/grants");
  const grants = useGrants(organisation);
  const organisations = useOrganisations();
  const names = new Map((organisations.data ?? []).map((one) => [one.name, organisationName(one)]));
  const to = encodeURIComponent(organisation);
  return (
    <section className={styles.section} aria-labelledby="grants-of">
      <div className={styles.head}>
        <h2 id="grants-of">{title}</h2>
        <Link className={styles.button} to={`/settings/grants/new?to=${to}&return=${encodeURIComponent(returnTo)}`}>
          {t("list.add")}
        </Link>
      </div>
      {grants.isPending && <Loading />}
      {grants.isError && grants.data === undefined && <ErrorState error={grants.error} onRetry={() => void grants.refetch()} />}
      {grants.data?.length === 0 && <p>{t("list.nothing")}</p>}
      <ul className={styles.rows}>
        {(grants.data ?? []).map((one) => (
          <GrantRow key={one.id} grant={one} who={holderName(one, names, t("who.key"))} returnTo={returnTo} />
        ))}
      </ul>
      <p>
        <Link to={`/settings/grants/why?to=${to}`}>{t("list.why")}</Link>
      </p>
    </section>
  );
}
