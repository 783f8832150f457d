import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { formatCount } from "../../format/numbers";
import styles from "./History.module.css";
import type { Loaded } from "./load";
import type { Bucket } from "./logic/bucket";
import type { Span } from "./logic/period";
import { linesOf } from "./logic/series";
import { shapeOf, write } from "./measures";
import { nameOf, timeWriter } from "./titles";

const PAGE = 50;

/** Every value of the figure, a page at a time: the same for those who read tables, and for screen readers. */
export function ValueTable({ loaded, bucket, span }: { loaded: Loaded; bucket: Bucket; span: Span }) {
  const { t } = useTranslation("history");
  const [isOpen, setOpen] = useState(false);
  const lines = useMemo(() => (isOpen ? linesOf(loaded.series, loaded.windows) : []), [isOpen, loaded]);
  const count = isOpen ? lines.length : new Set(loaded.series.flatMap((one) => (one.yearsBefore === 0 ? one.times : []))).size;
  return (
    <details className={styles.more} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("table.open", { count })}</summary>
      {isOpen && <Pages key={loaded.about.query} lines={lines} loaded={loaded} bucket={bucket} span={span} />}
    </details>
  );
}

function Pages({ lines, loaded, bucket, span }: { lines: ReturnType<typeof linesOf>; loaded: Loaded; bucket: Bucket; span: Span }) {
  const { t } = useTranslation("history");
  const [page, setPage] = useState(0);
  const last = Math.max(0, Math.ceil(lines.length / PAGE) - 1);
  const shown = lines.slice(page * PAGE, (page + 1) * PAGE);
  const shapes = loaded.series.map((one) => shapeOf(one.attribute, one.unit, one.method));
  const writeTime = timeWriter(bucket);
  return (
    <>
      <div className={styles.scroller} role="region" aria-label={t("table.region")} tabIndex={0}>
        <table className={`${styles.table ?? ""} numbers`}>
          <caption className="visually-hidden">{t("table.title")}</caption>
          <thead>
            <tr>
              <th scope="col">{t("table.time")}</th>
              {loaded.series.map((one, index) => (
                <th key={one.key} scope="col" className={styles.number}>
                  {nameOf(one, loaded.series, span, t)} {shapes[index]?.unit !== "" && `(${shapes[index]?.unit ?? ""})`}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((line) => (
              <tr key={line.time}>
                <th scope="row">{writeTime(line.time)}</th>
                {line.cells.map((cell, index) => {
                  const shape = shapes[index];
                  return (
                    <td key={loaded.series[index]?.key} className={styles.number}>
                      {cell === undefined || shape === undefined ? "–" : write(cell, shape)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <nav className={styles.pager} aria-label={t("table.title")}>
        <Button disabled={page === 0} onClick={() => setPage(0)}>
          {t("table.first")}
        </Button>
        <Button disabled={page === 0} onClick={() => setPage(page - 1)}>
          {t("table.before")}
        </Button>
        <span className="numbers" role="status">
          {t("table.page", { first: formatCount(page * PAGE + 1), last: formatCount(Math.min((page + 1) * PAGE, lines.length)), count: lines.length })}
        </span>
        <Button disabled={page === last} onClick={() => setPage(page + 1)}>
          {t("table.after")}
        </Button>
        <Button disabled={page === last} onClick={() => setPage(last)}>
          {t("table.last")}
        </Button>
      </nav>
    </>
  );
}
