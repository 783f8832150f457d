import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { CheckBox, SelectField, TextField } from "../../components/Field";
import { Icon } from "../../components/Icon";
import { attributeName, type Theme, THEMES, themeName } from "../../format/names";
import { formatCount } from "../../format/numbers";
import { scaleOf } from "../../format/scales";
import styles from "./Filters.module.css";
import type { Wish } from "./seeing";
import { themeIcon } from "./themeIcon";

const TYPING_MS = 250;

interface Props {
  wish: Wish;
  themes: ReadonlyMap<Theme, number>;
  metrics: readonly string[];
  total: number;
  search: URLSearchParams;
  onChange: (changes: Readonly<Record<string, string | undefined>>) => void;
}

export function Filters({ wish, themes, metrics, total, search, onChange }: Props) {
  const { t } = useTranslation("live");
  return (
    <search className={styles.filters}>
      <ThemeChips chosen={wish.theme} themes={themes} total={total} onChoose={(theme) => onChange({ theme, metric: undefined, type: undefined })} />
      <SearchField value={search.get("q") ?? ""} onChange={(q) => onChange({ q })} />
      <details className={styles.more} open={wish.metric !== "main" || wish.bounds !== undefined || undefined}>
        <summary>{t("filter.more")}</summary>
        <div className={styles.controls}>
          <SelectField label={t("filter.metric")} value={wish.metric} onChange={(event) => onChange({ metric: event.target.value === "main" ? undefined : event.target.value })}>
            <option value="main">{t("filter.mainMetric")}</option>
            {metrics.map((metric) => (
              <option key={metric} value={metric}>
                {attributeName(metric)}
              </option>
            ))}
            {wish.metric !== "main" && !metrics.includes(wish.metric) && <option value={wish.metric}>{attributeName(wish.metric)}</option>}
          </SelectField>
          <SelectField label={t("filter.sort")} value={wish.order} onChange={(event) => onChange({ sort: event.target.value === "level" ? undefined : event.target.value })}>
            <option value="level">{t("sort.level")}</option>
            <option value="name">{t("sort.name")}</option>
            <option value="newest">{t("sort.newest")}</option>
          </SelectField>
          <CheckBox label={t("filter.area")} checked={search.get("area") === "map"} onChange={(event) => onChange({ area: event.target.checked ? "map" : undefined })} />
          {scaleOf(wish.metric) === undefined ? null : (
            <Button kind="quiet" onClick={() => onChange({ metric: undefined })}>
              {t("filter.clearMetric")}
            </Button>
          )}
        </div>
      </details>
    </search>
  );
}

function ThemeChips({
  chosen,
  themes,
  total,
  onChoose,
}: {
  chosen: Theme | "all";
  themes: ReadonlyMap<Theme, number>;
  total: number;
  onChoose: (theme: Theme | undefined) => void;
}) {
  const { t } = useTranslation("live");
  return (
    <div className={styles.chips} role="group" aria-label={t("filter.theme")}>
      <button type="button" aria-pressed={chosen === "all"} onClick={() => onChoose(undefined)}>
        {t("filter.all")} <small className="numbers">{formatCount(total)}</small>
      </button>
      {THEMES.filter((theme) => themes.has(theme)).map((theme) => (
        <button type="button" key={theme} aria-pressed={chosen === theme} onClick={() => onChoose(theme)}>
          <Icon name={themeIcon(theme)} size={18} /> {themeName(theme)} <small className="numbers">{formatCount(themes.get(theme) ?? 0)}</small>
        </button>
      ))}
    </div>
  );
}

/** Writes into the address when the typing rests. */
function SearchField({ value, onChange }: { value: string; onChange: (value: string | undefined) => void }) {
  const { t } = useTranslation("live");
  const [text, setText] = useState(value);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onChange(text === "" ? undefined : text), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, value, onChange]);
  return (
    <TextField label={t("filter.search")} type="search" placeholder={t("filter.searchHint")} value={text} onChange={(event) => setText(event.target.value)} />
  );
}
