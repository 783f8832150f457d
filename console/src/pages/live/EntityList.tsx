import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { cx } from "../../components/cx";
import { EmptyState } from "../../components/states";
import { pick } from "../../format/language";
import { attributeName, typeName } from "../../format/names";
import { formatAge } from "../../format/times";
import styles from "./EntityList.module.css";
import { isSilent, type Seen } from "./seeing";

const ROW_PX = 66;

interface Props {
  seen: readonly Seen[];
  chosen: string | undefined;
  now: number;
  onChoose: (id: string) => void;
}

/** The same as the map, in words. Only the rows in sight exist; each says which of how many it is. */
export function EntityList({ seen, chosen, now, onChoose }: Props) {
  const { t } = useTranslation("live");
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: seen.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
    getItemKey: (index) => seen[index]?.entity.id ?? index,
  });
  const lastChosen = useRef<string>(undefined);
  useEffect(() => {
    if (chosen === undefined || chosen === lastChosen.current) return;
    lastChosen.current = chosen;
    const index = seen.findIndex((each) => each.entity.id === chosen);
    if (index >= 0) virtual.scrollToIndex(index, { align: "auto" });
  }, [chosen, seen, virtual]);
  if (seen.length === 0) {
    return (
      <EmptyState icon="search" title={t("none.title")}>
        {t("none.text")}
      </EmptyState>
    );
  }
  return (
    <div ref={scroller} className={styles.scroller} role="region" aria-label={t("list")} tabIndex={0}>
      <ul className={styles.list} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const one = seen[item.index];
          return (
            one && (
              <li
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                aria-setsize={seen.length}
                aria-posinset={item.index + 1}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <Row seen={one} isChosen={one.entity.id === chosen} now={now} onChoose={onChoose} />
              </li>
            )
          );
        })}
      </ul>
    </div>
  );
}

function Row({ seen, isChosen, now, onChoose }: { seen: Seen; isChosen: boolean; now: number; onChoose: (id: string) => void }) {
  const { t } = useTranslation("live");
  const { entity, attribute, text, step, at } = seen;
  const isStale = isSilent(at, now);
  return (
    <button type="button" className={cx(styles.row, isStale && styles.stale)} aria-current={isChosen || undefined} onClick={() => onChoose(entity.id)}>
      <span className={styles.dot} data-level={step?.level ?? "none"} aria-hidden="true" />
      <span className={styles.who}>
        <span className={styles.name}>{entity.name}</span>
        <span className={styles.soft}>
          {typeName(entity.types[0] ?? "")}・{at > 0 ? formatAge(at, now) : t("noTime")}
        </span>
      </span>
      <span className={styles.what}>
        <span className={cx(styles.value, "numbers")}>{text}</span>
        <span className={styles.soft}>
          {attribute !== undefined && attributeName(attribute)}
          {step !== undefined && ` ${pick(step.name)}`}
        </span>
      </span>
    </button>
  );
}
