import { useTranslation } from "react-i18next";
import { Link, navigate } from "../../../app/router";
import { Button } from "../../../components/Button";
import { EmptyState, ErrorState, Loading } from "../../../components/states";
import { formatCount } from "../../../format/numbers";
import { organisationName } from "../grants/logic/sentence";
import { type Organisation, useOrganisations } from "./asking";
import { Badge } from "./Badge";
import { Detail } from "./Detail";
import styles from "./Organisations.module.css";

const ORDER: readonly Organisation["kind"][] = ["partner", "operator", "town", "public"];

export function List({ isManaging }: { isManaging: boolean }) {
  const { t } = useTranslation("settings/organisations");
  const found = useOrganisations();
  if (found.isPending) return <Loading />;
  if (found.isError && found.data === undefined) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />;
  const all = found.data;
  const [own, ...others] = all;
  if (!isManaging && others.length === 0) {
    return own === undefined ? <EmptyState icon="people" title={t("list.none")} /> : <Detail name={own.name} isManaging={false} />;
  }
  const sorted = [...all].sort((one, other) => ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind) || organisationName(one).localeCompare(organisationName(other), "ja"));
  return (
    <section className={styles.page} aria-labelledby="organisations">
      <div className={styles.head}>
        <h2 id="organisations">{t("list.title")}</h2>
        <Button kind="main" icon="plus" onClick={() => navigate("/settings/organisations/new")}>
          {t("list.add")}
        </Button>
      </div>
      <p className={styles.soft}>{t("list.about")}</p>
      <ul className={styles.cards}>
        {sorted.map((one) => (
          <Card key={one.name} one={one} />
        ))}
      </ul>
    </section>
  );
}

function Card({ one }: { one: Organisation }) {
  const { t } = useTranslation("settings/organisations");
  const isPublic = one.kind === "public";
  return (
    <li className={styles.card}>
      <h3>
        <Link to={isPublic ? "/settings/grants?to=public" : `/settings/organisations/${one.name}`}>{organisationName(one)}</Link>
      </h3>
      <p className={styles.badges}>
        <Badge>{t(`kind.${one.kind}`)}</Badge>
        {one.disabledAt != null && <Badge kind="bad">{t("state.disabled")}</Badge>}
      </p>
      <p className={styles.soft}>{isPublic ? t("list.public") : t("list.keys", { count: one.keys ?? 0, shown: formatCount(one.keys ?? 0) })}</p>
    </li>
  );
}
