import { useTranslation } from "react-i18next";
import { Choice, SelectField } from "../../components/Field";
import { attributeName, themeOf, typeName } from "../../format/names";
import { formatCount } from "../../format/numbers";
import type { FilterProps } from "./Filters";
import styles from "./Filters.module.css";

/** Kind, colours, order and area: for a closer look. */
export function MoreFilters({ wish, wanted, search, onChange }: FilterProps) {
  const { t } = useTranslation("live");
  const isUsed = wish.metric !== "main" || wish.type !== undefined || search.has("area");
  return (
    <details className={styles.more} open={isUsed || undefined}>
      <summary>{t("filter.more")}</summary>
      <div className={styles.controls}>
        <TypeField wish={wish} wanted={wanted} search={search} onChange={onChange} />
        <MetricField wish={wish} wanted={wanted} search={search} onChange={onChange} />
        <SelectField label={t("filter.sort")} value={wish.order} onChange={(event) => onChange({ sort: event.target.value === "level" ? undefined : event.target.value })}>
          <option value="level">{t("sort.level")}</option>
          <option value="name">{t("sort.name")}</option>
          <option value="newest">{t("sort.newest")}</option>
        </SelectField>
        <div className={styles.wide}>
          <AreaField search={search} onChange={onChange} />
        </div>
      </div>
    </details>
  );
}

function TypeField({ wish, wanted, onChange }: FilterProps) {
  const { t } = useTranslation("live");
  const types = [...wanted.types].filter(([type]) => wish.theme === "all" || themeOf(type) === wish.theme);
  if (wish.type !== undefined && !types.some(([type]) => type === wish.type)) types.push([wish.type, 0]);
  return (
    <SelectField label={t("filter.type")} value={wish.type ?? ""} onChange={(event) => onChange({ type: event.target.value })}>
      <option value="">{t("filter.allTypes")}</option>
      {types.map(([type, count]) => (
        <option key={type} value={type}>
          {`${typeName(type)} (${formatCount(count)})`}
        </option>
      ))}
    </SelectField>
  );
}

function MetricField({ wish, wanted, onChange }: FilterProps) {
  const { t } = useTranslation("live");
  const { metric } = wish;
  return (
    <SelectField label={t("filter.metric")} value={metric} onChange={(event) => onChange({ metric: event.target.value === "main" ? undefined : event.target.value })}>
      <option value="main">{t("filter.mainMetric")}</option>
      {wanted.metrics.map((each) => (
        <option key={each} value={each}>
          {attributeName(each)}
        </option>
      ))}
      {metric !== "main" && !wanted.metrics.includes(metric) && <option value={metric}>{attributeName(metric)}</option>}
    </SelectField>
  );
}

/** Everywhere, what the map shows (which keys can move, too), or a rectangle that is drawn. */
function AreaField({ search, onChange }: Pick<FilterProps, "search" | "onChange">) {
  const { t } = useTranslation("live");
  const area = search.get("area");
  const value = area === null ? "all" : area === "map" ? "map" : "drawn";
  return (
    <Choice
      label={t("filter.area")}
      value={value}
      options={[
        { value: "all", label: t("area.all") },
        { value: "map", label: t("area.map") },
        { value: "drawn", label: t("area.drawn") },
      ]}
      onChange={(next) => onChange({ area: next === "all" ? undefined : next === "map" ? "map" : "draw" })}
    />
  );
}
