import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { TextField } from "../../components/Field";
import { Icon } from "../../components/Icon";
import { type Theme, THEMES, themeName } from "../../format/names";
import { formatCount } from "../../format/numbers";
import styles from "./Filters.module.css";
import { MoreFilters } from "./MoreFilters";
import type { Wish } from "./seeing";
import { themeIcon } from "./themeIcon";
import type { Wanted } from "./useWanted";

const TYPING_MS = 250;

export interface FilterProps {
  wish: Wish;
  wanted: Wanted;
  search: URLSearchParams;
  onChange: (changes: Readonly<Record<string, string | undefined>>) => void;
}

export function Filters({ wish, wanted, total, search, onChange }: FilterProps & { total: number }) {
  return (
    <search className={styles.filters}>
      <ThemeChips chosen={wish.theme} themes={wanted.themes} total={total} onChoose={(theme) => onChange({ theme, metric: undefined, type: undefined })} />
      <SearchField value={search.get("q") ?? ""} onChange={(q) => onChange({ q })} />
      <MoreFilters wish={wish} wanted={wanted} search={search} onChange={onChange} />
    </search>
  );
}

interface ChipsProps {
  chosen: Theme | "all";
  themes: ReadonlyMap<Theme, number>;
  total: number;
  onChoose: (theme: Theme | undefined) => void;
}

function ThemeChips({ chosen, themes, total, onChoose }: ChipsProps) {
  const { t } = useTranslation("live");
  return (
    <div className={styles.chips} role="group" aria-label={t("filter.theme")}>
      <button type="button" aria-pressed={chosen === "all"} onClick={() => onChoose(undefined)}>
        {t("filter.all")} <small className="numbers">{formatCount(total)}</small>
      </button>
      {THEMES.filter((theme) => themes.has(theme) || theme === chosen).map((theme) => (
        <button key={theme} type="button" aria-pressed={chosen === theme} onClick={() => onChoose(theme)}>
          <Icon name={themeIcon(theme)} size={18} /> {themeName(theme)} <small className="numbers">{formatCount(themes.get(theme) ?? 0)}</small>
        </button>
      ))}
    </div>
  );
}

/** What is typed counts a moment after the last key. */
function SearchField({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const { t } = useTranslation("live");
  const [text, setText] = useState(value);
  const [given, setGiven] = useState(value);
  if (given !== value) {
    setGiven(value);
    setText(value); // changed from elsewhere: a link, "back", conditions taken away
  }
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => {
      setGiven(text);
      onChange(text);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, value, onChange]);
  return <TextField label={t("filter.search")} type="search" placeholder={t("filter.searchHint")} value={text} onChange={(event) => setText(event.target.value)} />;
}
