/** To choose one or several entities by name or kind: a combobox with a list (ARIA 1.2), used by keyboard alone. */

import { type KeyboardEvent, type ReactNode, useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Listed, useDirectory } from "../api/directory";
import { plainId, typeName } from "../format/names";
import { IconButton } from "./Button";
import { cx } from "./cx";
import styles from "./EntityPicker.module.css";
import { ErrorState, Loading } from "./states";

const SHOWN = 50;

interface Props {
  label: string;
  /** Ids of what is chosen. */
  value: readonly string[];
  onChange: (ids: string[]) => void;
  /** Only entities of these types. */
  types?: readonly string[];
  /** How many may be chosen. */
  max?: number;
}

/** Whether all words of a search are in the name, the kind or the id. */
export function matches(entity: Listed, search: string): boolean {
  const text = `${entity.name} ${entity.types.map(typeName).join(" ")} ${entity.id}`.toLowerCase().normalize("NFKC");
  return search.toLowerCase().normalize("NFKC").split(/\s+/).every((word) => text.includes(word));
}

export function EntityPicker({ label, value, onChange, types, max = 8 }: Props) {
  const directory = useDirectory();
  const id = useId();
  if (directory.isError) return <ErrorState error={directory.error} onRetry={() => void directory.refetch()} />;
  if (directory.isPending) return <Loading />;
  return (
    <div className={styles.picker}>
      <label htmlFor={id}>{label}</label>
      <Chosen all={directory.data} value={value} onChange={onChange} />
      <Finder id={id} all={directory.data} value={value} onChange={onChange} types={types} max={max} />
    </div>
  );
}

/** What is chosen, each with a button to leave it out. */
function Chosen({ all, value, onChange }: Pick<Props, "value" | "onChange"> & { all: readonly Listed[] }) {
  const { t } = useTranslation();
  const names = useMemo(() => new Map(all.map((each) => [each.id, each.name])), [all]);
  if (value.length === 0) return null;
  return (
    <ul className={styles.chosen}>
      {value.map((each) => {
        const name = names.get(each) ?? plainId(each);
        return (
          <li key={each}>
            {name}
            <IconButton icon="close" label={t("picker.remove", { name })} onClick={() => onChange(value.filter((other) => other !== each))} />
          </li>
        );
      })}
    </ul>
  );
}

type FinderProps = Omit<Props, "label" | "max"> & { id: string; all: readonly Listed[]; max: number };

/** The entities that can still be chosen and fit a search, which of them the keys stand on, and what the keys do. */
function useFinding({ all, value, onChange, types, max }: FinderProps) {
  const [search, setSearch] = useState("");
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const found = useMemo(() => {
    const chosen = new Set(value);
    const isOfType = (each: Listed) => types === undefined || each.types.some((type) => types.includes(type));
    return all.filter((each) => isOfType(each) && !chosen.has(each.id) && matches(each, search));
  }, [all, types, value, search]);
  const isFull = value.length >= max;
  const shown = found.slice(0, SHOWN);
  const add = (entity: Listed | undefined) => {
    if (entity === undefined || isFull) return;
    onChange(max === 1 ? [entity.id] : [...value, entity.id]);
    setSearch("");
    setActive(0);
    setOpen(max > 1 && value.length + 1 < max);
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "Escape") setOpen(false);
    else if (event.key === "Enter" && isOpen) add(shown[active]);
    else if (event.key === "ArrowDown") {
      setOpen(true);
      setActive(Math.min(active + (isOpen ? 1 : 0), shown.length - 1));
    } else if (event.key === "ArrowUp") setActive(Math.max(active - 1, 0));
    else if (event.key === "Backspace" && search === "" && value.length > 0) onChange(value.slice(0, -1));
    else return;
    if (event.key !== "Backspace") event.preventDefault();
  };
  const type = (text: string) => {
    setSearch(text);
    setActive(0);
    setOpen(true);
  };
  return { search, type, isOpen, setOpen, active, found, shown, isFull, add, press };
}

function Finder(props: FinderProps) {
  const { id, max } = props;
  const { t } = useTranslation();
  const { search, type, isOpen, setOpen, active, found, shown, isFull, add, press } = useFinding(props);
  return (
    <>
      <div className={styles.box}>
        <input
          id={id}
          className={styles.input}
          role="combobox"
          aria-expanded={isOpen}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={isOpen && shown[active] !== undefined ? `${id}-${active}` : undefined}
          placeholder={isFull ? t("picker.full", { count: max }) : t("picker.hint")}
          disabled={isFull}
          autoComplete="off"
          value={search}
          onChange={(event) => type(event.target.value)}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={press}
        />
        {isOpen && !isFull && <Options id={id} shown={shown} active={active} count={found.length} onChoose={add} />}
      </div>
      <p className="visually-hidden" role="status">
        {isOpen && t("picker.found", { count: found.length })}
      </p>
    </>
  );
}

interface OptionsProps {
  id: string;
  shown: readonly Listed[];
  active: number;
  /** How many there are, those that are not shown too. */
  count: number;
  onChoose: (entity: Listed) => void;
}

function Options({ id, shown, active, count, onChoose }: OptionsProps) {
  const { t } = useTranslation();
  return (
    <div id={`${id}-list`} className={styles.list} role="listbox" aria-label={t("picker.label")}>
      {shown.map((each, index) => (
        // The keys are the input's: the focus stays there (ARIA, combobox)
        // eslint-disable-next-line jsx-a11y/click-events-have-key-events
        <div
          key={each.id}
          id={`${id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === active}
          className={cx(index === active && styles.active)}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onChoose(each)}
        >
          <span>{each.name}</span>
          <span className={styles.kind}>{typeName(each.types[0] ?? "")}</span>
        </div>
      ))}
      {count === 0 && <NoOption>{t("picker.none")}</NoOption>}
      {count > shown.length && <NoOption>{t("picker.more", { count: count - shown.length })}</NoOption>}
    </div>
  );
}

/** A line of the list that cannot be chosen. */
function NoOption({ children }: { children: ReactNode }) {
  return (
    <div role="option" tabIndex={-1} aria-selected="false" aria-disabled="true" className={styles.none}>
      {children}
    </div>
  );
}
