import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { isJapanese } from "../../format/language";
import styles from "./History.module.css";
import type { Loaded } from "./load";
import type { Bucket } from "./logic/bucket";
import { findEdges, findGaps } from "./logic/gaps";
import type { Span } from "./logic/period";
import { gapName, nameOf } from "./titles";

const NAMED = 3;

/** Gaps in words: a figure alone shows them to those who see it. */
export function Gaps({ loaded, bucket, span }: { loaded: Loaded; bucket: Bucket; span: Span }) {
  const { t } = useTranslation("history");
  const found = useMemo(
    () =>
      loaded.series
        .map((one) => {
          const window = loaded.windows[one.yearsBefore]?.span ?? span;
          const known = Date.parse(loaded.about.dataVersion);
          const edges = findEdges(one.times, bucket, window.from, Math.min(window.to, known));
          return { one, gaps: [...findGaps(one.times, bucket), ...edges].sort((first, second) => first.from - second.from) };
        })
        .filter(({ gaps }) => gaps.length > 0),
    [loaded, bucket, span],
  );
  if (found.length === 0) return <p className={styles.soft}>{t("gaps.none")}</p>;
  return (
    <div>
      <h3>{t("gaps.title")}</h3>
      <ul className={styles.gaps}>
        {found.map(({ one, gaps }) => {
          const named = gaps.slice(0, NAMED).map((gap) => gapName(gap.from, gap.to));
          if (gaps.length > NAMED) named.push(t("gaps.more", { count: gaps.length - NAMED }));
          const list = named.join(isJapanese() ? "、" : ", ");
          return <li key={one.key}>{t("gaps.some", { name: nameOf(one, loaded.series, span, t), count: gaps.length, list })}</li>;
        })}
      </ul>
    </div>
  );
}
