import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Entity } from "../../api/entities";
import { Button } from "../../components/Button";
import { CopyButton } from "../../components/CopyButton";
import { saveBlob } from "../../components/Download";
import { Icon } from "../../components/Icon";
import { attributeName, themeName, themeOf, typeName } from "../../format/names";
import { formatCount } from "../../format/numbers";
import { formatAge, toDateInput } from "../../format/times";
import { choose, type Seen } from "../live/seeing";
import { themeIcon } from "../live/themeIcon";
import { useNow } from "../live/useTown";
import styles from "./PublicPage.module.css";
import { toCsv } from "./csv";

const FIRST_ROWS = 10;
const AGES_MS = 15_000;

/** One kind of data: what it is, how much, how fresh, and how to have it. */
export function DataSet({ type, entities }: { type: string; entities: readonly Entity[] }) {
  const { t } = useTranslation("public");
  const now = useNow(AGES_MS);
  const seen = useMemo(
    () => choose(entities, { theme: "all", type: undefined, metric: "main", search: "", order: "name", bounds: undefined }),
    [entities],
  );
  const newest = Math.max(...entities.map((entity) => entity.at));
  const name = typeName(type);
  const address = `${location.origin}/ngsi-ld/v1/entities?type=${encodeURIComponent(type)}&options=keyValues&limit=1000`;
  const save = () => saveBlob(new Blob([toCsv(entities)], { type: "text/csv;charset=utf-8" }), `${type}-${toDateInput(Date.now())}.csv`);
  return (
    <li className={styles.set}>
      <h3>
        <Icon name={themeIcon(themeOf(type))} /> {name}
      </h3>
      <p className={styles.soft}>
        {themeName(themeOf(type))}・{t("count", { count: entities.length, shown: formatCount(entities.length) })}
        {newest > 0 && `・${t("newest", { age: formatAge(newest, now) })}`}
      </p>
      <div className={styles.ways}>
        <Button icon="download" onClick={save}>
          {t("csv")}
        </Button>
        <a href={address}>{t("json")}</a>
        <CopyButton text={address} icon="link">
          {t("copyApi")}
        </CopyButton>
      </div>
      <details>
        <summary>{t("values", { name })}</summary>
        <Values seen={seen} now={now} name={name} />
      </details>
    </li>
  );
}

function Values({ seen, now, name }: { seen: readonly Seen[]; now: number; name: string }) {
  const { t } = useTranslation("public");
  const [isAll, setAll] = useState(false);
  const shown = isAll ? seen : seen.slice(0, FIRST_ROWS);
  return (
    <>
      <table className={styles.values}>
        <caption className="visually-hidden">{name}</caption>
        <thead>
          <tr>
            <th scope="col">{t("place")}</th>
            <th scope="col">{t("value")}</th>
            <th scope="col">{t("age")}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((each) => (
            <tr key={each.entity.id}>
              <th scope="row">{each.entity.name}</th>
              <td className="numbers">
                {each.attribute !== undefined && <span className={styles.soft}>{attributeName(each.attribute)} </span>}
                {each.text}
              </td>
              <td className={styles.soft}>{each.at > 0 ? formatAge(each.at, now) : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {seen.length > shown.length && (
        <Button kind="quiet" onClick={() => setAll(true)}>
          {t("more", { shown: formatCount(seen.length - shown.length) })}
        </Button>
      )}
    </>
  );
}
