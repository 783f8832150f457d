/** To choose one or several entities by name or kind: a combobox with a list (ARIA 1.2), used by keyboard alone. */

import { type KeyboardEvent, useId, useMemo, useState } from "react";
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
  const { t } = useTranslation();
  const directory = useDirectory();
  const [search, setSearch] = useState("");
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const id = useId();
  const chosen = useMemo(() => new Set(value), [value]);
  const found = useMemo(
    () =>
      (directory.data ?? []).filter(
        (each) =>
          (types === undefined || each.types.some((type) => types.includes(type))) && !chosen.has(each.id) && matches(each, search),
      ),
    [directory.data, types, chosen, search],
  );
  const names = useMemo(() => new Map((directory.data ?? []).map((each) => [each.id, each])), [directory.data]);
  if (directory.isError) return <ErrorState error={directory.error} onRetry={() => void directory.refetch()} />;
  if (directory.isPending) return <Loading />;
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
  return (
    <div className={styles.picker}>
      <label htmlFor={id}>{label}</label>
      {value.length > 0 && (
        <ul className={styles.chosen}>
          {value.map((each) => {
            const name = names.get(each)?.name ?? plainId(each);
            return (
              <li key={each}>
                {name}
                <IconButton icon="close" label={t("picker.remove", { name })} onClick={() => onChange(value.filter((other) => other !== each))} />
              </li>
            );
          })}
        </ul>
      )}
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
          onChange={(event) => {
            setSearch(event.target.value);
            setActive(0);
            setOpen(true);
          }}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={press}
        />
        {isOpen && !isFull && (
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
                onClick={() => add(each)}
              >
                <span>{each.name}</span>
                <span className={styles.kind}>{typeName(each.types[0] ?? "")}</span>
              </div>
            ))}
            {found.length === 0 && (
              <div role="option" tabIndex={-1} aria-selected="false" aria-disabled="true" className={styles.none}>
                {t("picker.none")}
              </div>
            )}
            {found.length > SHOWN && (
              <div role="option" tabIndex={-1} aria-selected="false" aria-disabled="true" className={styles.none}>
                {t("picker.more", { count: found.length - SHOWN })}
              </div>
            )}
          </div>
        )}
      </div>
      <p className="visually-hidden" role="status">
        {isOpen && t("picker.found", { count: found.length })}
      </p>
    </div>
  );
}
