import { useTranslation } from "react-i18next";
import { Link, navigate, useSearch } from "../../../app/router";
import { Button } from "../../../components/Button";
import { SelectField } from "../../../components/Field";
import { EmptyState, ErrorState, Loading, Notice } from "../../../components/states";
import { useOrganisations } from "../organisations/asking";
import { useGrants } from "./asking";
import { GrantRow } from "./GrantRow";
import type { Grant } from "./logic/draft";
import { organisationName } from "./logic/sentence";
import styles from "./Grants.module.css";

/** All grants, by whom they were given to. */
export function List() {
  const { t } = useTranslation("settings/grants");
  const [search, change] = useSearch();
  const to = search.get("to") ?? "";
  const grants = useGrants();
  const organisations = useOrganisations();
  const names = new Map((organisations.data ?? []).map((one) => [one.name, organisationName(one)]));
  const shown = (grants.data ?? []).filter((one) => to === "" || one.organisation === to);
  const add = () => navigate(`/settings/grants/new${to === "" ? "" : `?to=${encodeURIComponent(to)}`}`);
  return (
    <section className={styles.page} aria-labelledby="grants">
      <div className={styles.head}>
        <h2 id="grants">{t("list.title")}</h2>
        <Button kind="main" icon="plus" onClick={add}>
          {t("list.add")}
        </Button>
      </div>
      <p className={styles.soft}>{t("list.about")}</p>
      <p className={styles.links}>
        <Link to={`/settings/grants/why${to === "" ? "" : `?to=${encodeURIComponent(to)}`}`}>{t("list.why")}</Link>
        <Link to="/settings/grants/personal">{t("list.personal")}</Link>
      </p>
      {search.has("saved") && (
        <Notice kind="good">
          {t("list.saved")} <Link to={whyPath(grants.data?.find((one) => String(one.id) === search.get("saved")))}>{t("list.check")}</Link>
        </Notice>
      )}
      <SelectField label={t("list.filter")} value={to} onChange={(event) => change({ to: event.target.value, saved: undefined })}>
        <option value="">{t("list.everybody")}</option>
        {[...names].map(([name, shownName]) => (
          <option key={name} value={name}>
            {shownName}
          </option>
        ))}
      </SelectField>
      {grants.isPending && <Loading />}
      {grants.isError && grants.data === undefined && <ErrorState error={grants.error} onRetry={() => void grants.refetch()} />}
      {grants.data !== undefined && shown.length === 0 && (
        <EmptyState icon="lock" title={t("list.none")} action={<Button onClick={add}>{t("list.add")}</Button>}>
          {t("list.noneText")}
        </EmptyState>
      )}
      {byHolder(shown).map(([holder, given]) => (
        <section key={holder} className={styles.section} aria-label={holderName(given[0], names, t("who.key"))}>
          <h3>{holderName(given[0], names, t("who.key"))}</h3>
          <ul className={styles.rows}>
            {given.map((one) => (
              <GrantRow key={one.id} grant={one} who={holderName(one, names, t("who.key"))} />
            ))}
          </ul>
        </section>
      ))}
    </section>
  );
}

export function whyPath(grant: Grant | undefined): string {
  if (grant === undefined) return "/settings/grants/why";
  const parameters = new URLSearchParams({ to: grant.organisation ?? "", key: grant.key ?? "", operation: grant.operations[0] ?? "read", type: grant.types?.[0] ?? "" });
  return `/settings/grants/why?${parameters.toString()}`;
}

function byHolder(grants: readonly Grant[]): [string, Grant[]][] {
  const found = new Map<string, Grant[]>();
  for (const one of grants) {
    const holder = one.organisation ?? `key:${one.key ?? ""}`;
    found.set(holder, [...(found.get(holder) ?? []), one]);
  }
  return [...found];
}

/** Whom a grant was given to. */
export function holderName(grant: Grant | undefined, names: ReadonlyMap<string, string>, key: string): string {
  if (grant?.key !== undefined) return `${key} ${grant.key}`;
  const name = grant?.organisation ?? "";
  return names.get(name) ?? name;
}
