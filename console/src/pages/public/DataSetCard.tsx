import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "../../components/Icon";
import { attributeName, themeOf, typeName } from "../../format/names";
import { formatCount } from "../../format/numbers";
import { formatAge, formatMoment } from "../../format/times";
import { themeIcon } from "../live/themeIcon";
import { type DataSet, getUpdatedAt, purposeOf, titleOf } from "./openData";
import styles from "./PublicPage.module.css";
import { Values } from "./Values";
import { Ways } from "./Ways";

const AGAIN_MS = 60_000;

/** One data set: what it is, on which terms, how much, how fresh, and how to have it. */
export function DataSetCard({ set }: { set: DataSet }) {
  const { t } = useTranslation("public");
  const [isOpen, setOpen] = useState(false);
  const [title, purpose] = [titleOf(set), purposeOf(set)];
  return (
    <li className={styles.set}>
      <h3>
        <Icon name={themeIcon(themeOf(set.name))} /> {title}
      </h3>
      {purpose !== null && <p>{purpose}</p>}
      <Facts set={set} />
      {set.hiddenCounts !== null && <p className={styles.hidden}>{t("hidden.text", { name: set.hiddenCounts.attributes.map(attributeName).join("・"), below: set.hiddenCounts.below })}</p>}
      <Ways set={set} />
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{t("values", { name: title })}</summary>
        {isOpen && <Values set={set} title={title} />}
      </details>
    </li>
  );
}

function Facts({ set }: { set: DataSet }) {
  const { t } = useTranslation("public");
  const asked = useQuery({ queryKey: ["open-data", set.name, "updated"], queryFn: ({ signal }) => getUpdatedAt(set, signal), refetchInterval: AGAIN_MS });
  const at = asked.data;
  return (
    <dl className={styles.facts}>
      {titleOf(set) !== typeName(set.name) && <Fact name={t("fact.kind")}>{typeName(set.name)}</Fact>}
      <Fact name={t("fact.count")}>{t("count", { count: set.entityCount, shown: formatCount(set.entityCount) })}</Fact>
      <Fact name={t("fact.updated")}>{at == null ? "–" : <time dateTime={new Date(at).toISOString()}>{t("fact.when", { moment: formatMoment(at), age: formatAge(at) })}</time>}</Fact>
      <Fact name={t("fact.licence")}>
        <Licence set={set} />
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Licence({ set }: { set: DataSet }) {
  const { t } = useTranslation("public");
  if (set.licence === null) return t("licence.none");
  return (
    <>
      {set.licenceUrl === null ? set.licence : <a href={set.licenceUrl}>{set.licence}</a>}
      {set.attribution !== null && ` ${t("licence.attribution", { name: set.attribution })}`}
    </>
  );
}
