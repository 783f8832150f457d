import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Entity } from "../../api/entities";
import { ErrorState, Loading } from "../../components/states";
import { attributeName, mainAttributes } from "../../format/names";
import { formatCount } from "../../format/numbers";
import { formatAge } from "../../format/times";
import { see } from "../live/seeing";
import { useNow } from "../live/useTown";
import { type DataSet, getSome, hiddenBelow } from "./openData";
import styles from "./PublicPage.module.css";

const ROWS = 20;
const AGAIN_MS = 60_000;
const AGES_MS = 15_000;

/** The first places of a set with their values, to see what it is. */
export function Values({ set, title }: { set: DataSet; title: string }) {
  const { t } = useTranslation("public");
  const now = useNow(AGES_MS);
  const asked = useQuery({ queryKey: ["open-data", set.name, "values"], queryFn: ({ signal }) => getSome(set, ROWS, signal), refetchInterval: AGAIN_MS });
  if (asked.isError) return <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />;
  if (asked.isPending) return <Loading />;
  return (
    <>
      <table className={styles.values}>
        <caption className="visually-hidden">{title}</caption>
        <thead>
          <tr>
            <th scope="col">{t("place")}</th>
            <th scope="col">{t("value")}</th>
            <th scope="col">{t("age")}</th>
          </tr>
        </thead>
        <tbody>
          {asked.data.map((entity) => (
            <Row key={entity.id} set={set} entity={entity} now={now} />
          ))}
        </tbody>
      </table>
      {set.entityCount > asked.data.length && <p className={styles.soft}>{t("more", { shown: formatCount(set.entityCount - asked.data.length) })}</p>}
    </>
  );
}

function Row({ set, entity, now }: { set: DataSet; entity: Entity; now: number }) {
  const { t } = useTranslation("public");
  const seen = useMemo(() => see(entity, "main"), [entity]);
  const hidden = hiddenOf(set, entity);
  return (
    <tr>
      <th scope="row">{entity.name}</th>
      {hidden !== undefined ? (
        <td>
          <span className={styles.soft}>{attributeName(hidden.name)} </span>
          <span className={styles.hiddenValue}>{t("hidden.value", { below: hidden.below })}</span>
        </td>
      ) : (
        <td className="numbers">
          {seen?.attribute !== undefined && <span className={styles.soft}>{attributeName(seen.attribute)} </span>}
          {seen?.text ?? "–"}
        </td>
      )}
      <td className={styles.soft}>{entity.at > 0 ? formatAge(entity.at, now) : "–"}</td>
    </tr>
  );
}

/** The count that stands for a place and is hidden because it is small. */
function hiddenOf(set: DataSet, entity: Entity): { name: string; below: number } | undefined {
  const [name] = mainAttributes(set.name);
  const below = name === undefined ? undefined : hiddenBelow(set, name);
  return name === undefined || below === undefined || entity.attributes.has(name) ? undefined : { name, below };
}
