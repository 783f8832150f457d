import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { cx } from "../../components/cx";
import { EmptyState, Loading } from "../../components/states";
import { isJapanese, pick } from "../../format/language";
import { attributeName, typeName } from "../../format/names";
import { formatAge } from "../../format/times";
import styles from "./EntityList.module.css";
import { isSilent, type Seen } from "./seeing";

const ROW_PX = 66;

interface Props {
  seen: readonly Seen[];
  chosen: string | undefined;
  now: number;
  isLoading: boolean;
  onChoose: (id: string) => void;
  /** Takes the conditions away. */
  onReset: () => void;
}

/** The same as the map, in words. Only the rows in sight exist; each says which of how many it is. */
export function EntityList({ seen, chosen, now, isLoading, onChoose, onReset }: Props) {
  const { t } = useTranslation("live");
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: seen.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
    getItemKey: (index) => seen[index]?.entity.id ?? index,
  });
  useInSight(chosen, seen, virtual.scrollToIndex);
  if (seen.length === 0) return isLoading ? <Loading label={t("loading")} /> : <NoneFound onReset={onReset} />;
  return (
    <div ref={scroller} className={styles.scroller} role="region" aria-label={t("list")} tabIndex={0}>
      <ul className={styles.list} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, key, start }) => (
          <li key={key} ref={virtual.measureElement} data-index={index} aria-setsize={seen.length} aria-posinset={index + 1} style={{ transform: `translateY(${start}px)` }}>
            <Row seen={seen[index]} chosen={chosen} now={now} onChoose={onChoose} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function NoneFound({ onReset }: { onReset: () => void }) {
  const { t } = useTranslation("live");
  return (
    <EmptyState icon="search" title={t("none.title")} action={<Button onClick={onReset}>{t("none.reset")}</Button>}>
      {t("none.text")}
    </EmptyState>
  );
}

/** Scrolls to what was chosen on the map or by a link, once. */
function useInSight(chosen: string | undefined, seen: readonly Seen[], scrollTo: (index: number, options: { align: "auto" }) => void): void {
  const last = useRef<string>(undefined);
  useEffect(() => {
    if (chosen === undefined || chosen === last.current) return;
    const index = seen.findIndex((each) => each.entity.id === chosen);
    if (index < 0) return;
    last.current = chosen;
    scrollTo(index, { align: "auto" });
  }, [chosen, seen, scrollTo]);
}

const joined = (...parts: readonly string[]): string => parts.filter((part) => part !== "").join(isJapanese() ? "・" : " · ");

/** "騒音レベル (LAeq)" is told from others by its name; a row has no room for what experts call it. */
const withoutCode = (name: string): string => name.replace(/\s*\([^)]*\)$/, "");

function Row({ seen, chosen, now, onChoose }: { seen: Seen | undefined; chosen: string | undefined; now: number; onChoose: (id: string) => void }) {
  const { t } = useTranslation("live");
  if (seen === undefined) return null;
  const { entity, attribute, text, step, at } = seen;
  const isStale = isSilent(at, now);
  return (
    <button type="button" className={cx(styles.row, isStale && styles.stale)} aria-current={entity.id === chosen || undefined} onClick={() => onChoose(entity.id)}>
      <span className={styles.dot} data-level={step?.level ?? "none"} aria-hidden="true" />
      <span className={styles.who}>
        <span className={styles.name}>{entity.name}</span>
        <span className={styles.soft}>
          {joined(typeName(entity.types[0] ?? ""), at > 0 ? formatAge(at, now) : t("noTime"))}
        </span>
      </span>
      <span className={styles.what}>
        <span className={cx(styles.value, "numbers")}>{text}</span>
        <span className={styles.soft}>
          {joined(attribute === undefined ? "" : withoutCode(attributeName(attribute)), step === undefined ? "" : pick(step.name))}
        </span>
      </span>
    </button>
  );
}
