import { useTranslation } from "react-i18next";
import { Link, useSearch } from "../../../app/router";
import { EmptyState, ErrorState, Loading, Notice } from "../../../components/states";
import { listed, organisationName } from "../grants/logic/sentence";
import { type Organisation, useMembers, useOrganisations, useSeen } from "./asking";
import { Badge } from "./Badge";
import { ChangeForm } from "./ChangeForm";
import { Doors } from "./Doors";
import { GrantsOf } from "../grants/GrantsOf";
import { Invitations } from "./Invitations";
import { KeysOf } from "./KeysOf";
import { NextSteps } from "./NextSteps";
import styles from "./Organisations.module.css";
import { formatDate } from "../../../format/times";
import { may } from "../../../api/session";
import { useAuth } from "../../../app/auth";
import { typeName } from "../../../format/names";

const called = (one: { readonly name: string; readonly shown?: string }): string => (one.shown === undefined || one.shown === "" ? one.name : one.shown);

/** One organisation. */
export function Detail({ name, isManaging }: { name: string; isManaging: boolean }) {
  const { t } = useTranslation("settings/organisations");
  const found = useOrganisations();
  if (found.isPending) return <Loading />;
  if (found.isError && found.data === undefined) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />;
  const one = found.data.find((each) => each.name === name);
  if (one === undefined) {
    return (
      <EmptyState icon="search" title={t("detail.missing")} action={<Link to="/settings/organisations">{t("detail.back")}</Link>}>
        {t("detail.missingText")}
      </EmptyState>
    );
  }
  return isManaging ? <Managed one={one} /> : <Own one={one} />;
}

function Managed({ one }: { one: Organisation }) {
  const { t } = useTranslation("settings/organisations");
  const { visitor } = useAuth();
  const [search] = useSearch();
  const isPartner = one.kind === "partner" || one.kind === "operator";
  return (
    <div className={styles.page}>
      <p>
        <Link to="/settings/organisations">{t("detail.back")}</Link>
      </p>
      <Head one={one} />
      {search.has("new") && <Notice kind="good">{t("detail.made", { name: organisationName(one) })}</Notice>}
      {isPartner && one.disabledAt == null && <NextSteps one={one} />}
      {isPartner && may(visitor, "grants") && <GrantsOf organisation={one.name} title={t("detail.grants")} returnTo={`/settings/organisations/${one.name}`} />}
      {isPartner && <Invitations one={one} />}
      <KeysOf one={one} />
      <ChangeForm key={one.modifiedAt} one={one} />
      {one.kind !== "public" && <Doors one={one} />}
    </div>
  );
}

function Head({ one }: { one: Organisation }) {
  const { t } = useTranslation("settings/organisations");
  const { visitor } = useAuth();
  const members = useMembers(one.name, may(visitor, "accounts"));
  return (
    <section className={styles.section} aria-labelledby="organisation">
      <h2 id="organisation">{organisationName(one)}</h2>
      <p className={styles.badges}>
        <Badge>{t(`kind.${one.kind}`)}</Badge>
        {one.disabledAt != null ? <Badge kind="bad">{t("state.disabled")}</Badge> : <Badge kind="good">{t("state.enabled")}</Badge>}
      </p>
      <dl className={styles.facts}>
        <dt>{t("form.name")}</dt>
        <dd>
          <code>{one.name}</code>
        </dd>
        {one.contact !== undefined && one.contact !== "" && (
          <>
            <dt>{t("form.contact")}</dt>
            <dd>{one.contact}</dd>
          </>
        )}
        <dt>{t("form.tenants")}</dt>
        <dd>{one.tenants == null ? t("detail.allTenants") : one.tenants.join(", ") || t("detail.noTenants")}</dd>
        {members.data !== undefined && (
          <>
            <dt>{t("detail.members")}</dt>
            <dd>{members.data.length === 0 ? t("detail.noMembers") : listed(members.data.map((each) => called(each)))}</dd>
          </>
        )}
        {one.createdAt !== undefined && (
          <>
            <dt>{t("detail.since")}</dt>
            <dd>{formatDate(one.createdAt)}</dd>
          </>
        )}
      </dl>
    </section>
  );
}

/** One's own organisation, for those who look after none. */
function Own({ one }: { one: Organisation }) {
  const { t } = useTranslation("settings/organisations");
  const seen = useSeen(true);
  const types = [...new Set((seen.data ?? []).map(typeName))];
  return (
    <div className={styles.page}>
      <Head one={one} />
      <section className={styles.section} aria-labelledby="seen">
        <h2 id="seen">{t("own.seen")}</h2>
        {seen.isPending && <Loading />}
        {seen.data !== undefined && types.length === 0 && <p>{t("own.nothing")}</p>}
        {seen.isError && <p>{t("own.nothing")}</p>}
        {types.length > 0 && (
          <ul>
            {types.map((type) => (
              <li key={type}>{type}</li>
            ))}
          </ul>
        )}
        <p className={styles.soft}>{t("own.more")}</p>
      </section>
      <KeysOf one={one} />
    </div>
  );
}
