import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, navigate } from "../../app/router";
import { Button } from "../../components/Button";
import { Choice, TextField } from "../../components/Field";
import { EmptyState, ErrorState, Loading } from "../../components/states";
import { formatCount } from "../../format/numbers";
import { formatAge, formatMoment } from "../../format/times";
import { type Listed, standingOf, useSubscriptions } from "./asking";
import { conditionsOf, nameOf, receiverOf, subjectOf } from "./describing";
import { type Condition, diagnose, type Failure, toneOf } from "./logic/reasons";
import { StateBadge } from "./StateBadge";
import styles from "./Subscriptions.module.css";

const SEARCHED_FROM = 6;
const GRAVITY = { bad: 0, warning: 1, quiet: 2, good: 3 };

interface Judged extends Listed {
  readonly condition: Condition;
  readonly failure: Failure | undefined;
  readonly name: string;
}

export function List() {
  const { t } = useTranslation("subscriptions");
  const found = useSubscriptions();
  return (
    <>
      <header className={styles.head}>
        <div>
          <h1>{t("title")}</h1>
          <p className={styles.soft}>{t("lead")}</p>
        </div>
        <Button kind="main" icon="plus" onClick={() => navigate("/subscriptions/new")}>
          {t("new")}
        </Button>
      </header>
      {found.isPending && <Loading />}
      {found.isError && found.data === undefined && <ErrorState error={found.error} onRetry={() => void found.refetch()} />}
      {found.data?.length === 0 && (
        <EmptyState icon="subscribe" title={t("list.emptyTitle")}>
          {t("list.emptyText")}
        </EmptyState>
      )}
      {found.data !== undefined && found.data.length > 0 && <Cards listed={found.data} />}
    </>
  );
}

function Cards({ listed }: { listed: readonly Listed[] }) {
  const { t } = useTranslation("subscriptions");
  const [shown, setShown] = useState<"all" | "attention">("all");
  const [search, setSearch] = useState("");
  const judged = useMemo(
    () =>
      listed
        .map((one): Judged => {
          const [finding] = diagnose(standingOf(one.overview));
          return { ...one, condition: finding?.condition ?? "well", failure: finding?.failure, name: nameOf(one.document, one.id, t) };
        })
        .sort((one, other) => GRAVITY[toneOf(one.condition)] - GRAVITY[toneOf(other.condition)] || one.name.localeCompare(other.name, "ja")),
    [listed, t],
  );
  const needs = judged.filter((one) => ["bad", "warning"].includes(toneOf(one.condition)));
  const searched = search.trim().toLowerCase().normalize("NFKC");
  const fitting = (shown === "all" ? judged : needs).filter((one) =>
    `${one.name} ${receiverOf(one.document)} ${one.id}`.toLowerCase().normalize("NFKC").includes(searched),
  );
  return (
    <>
      <div className={styles.filters}>
        <Choice
          label={t("list.filter")}
          value={shown}
          options={[
            { value: "all", label: t("list.all", { count: judged.length }) },
            { value: "attention", label: t("list.attention", { count: needs.length }) },
          ]}
          onChange={setShown}
        />
        {judged.length >= SEARCHED_FROM && <TextField label={t("list.search")} type="search" value={search} onChange={(event) => setSearch(event.target.value)} />}
      </div>
      {fitting.length === 0 && <p>{t(shown === "attention" && searched === "" ? "list.calm" : "list.none")}</p>}
      <ul className={styles.cards} aria-label={t("list.label")}>
        {fitting.map((one) => (
          <Card key={one.id} one={one} />
        ))}
      </ul>
    </>
  );
}

function Card({ one }: { one: Judged }) {
  const { t } = useTranslation("subscriptions");
  const { counts, lastSuccess } = one.overview;
  const subject = one.document === undefined ? undefined : subjectOf(one.document, t);
  const conditions = one.document === undefined ? undefined : conditionsOf(one.document, t);
  return (
    <li className={styles.card}>
      <h2>
        <Link to={`/subscriptions/${encodeURIComponent(one.id)}`}>{one.name}</Link>
      </h2>
      <StateBadge condition={one.condition} />
      {one.failure !== undefined && (
        <p>
          <strong>{t(`mend.${one.failure}.short`)}</strong>
        </p>
      )}
      <p>{[subject, conditions].filter((text) => text !== undefined && text !== one.name).join(" · ")}</p>
      <p className={styles.soft}>
        {t("list.to")}: {receiverOf(one.document)}
      </p>
      <dl className={`${styles.numbers ?? ""} numbers`}>
        <div>
          <dt>{t("list.delivered")}</dt>
          <dd>{formatCount(counts.delivered)}</dd>
        </div>
        <div>
          <dt>{t("list.waiting")}</dt>
          <dd>{formatCount(counts.waiting)}</dd>
        </div>
        <div>
          <dt>{t("list.dead")}</dt>
          <dd>{formatCount(counts.deadLettered)}</dd>
        </div>
      </dl>
      <p className={styles.soft}>
        {t("list.last")}: {lastSuccess ? <time title={formatMoment(lastSuccess)}>{formatAge(lastSuccess)}</time> : t("list.never")}
      </p>
    </li>
  );
}
