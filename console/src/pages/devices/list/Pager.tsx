import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { formatCount } from "../../../format/numbers";
import { PAGE } from "./asking";
import styles from "./List.module.css";

interface Props {
  total: number;
  page: number;
  shown: number;
  onGo: (page: number) => void;
}

/** Which of how many are shown, and the way to the others. */
export function Pager({ total, page, shown, onGo }: Props) {
  const { t } = useTranslation("devices/list");
  const pages = Math.ceil(total / PAGE);
  const first = (page - 1) * PAGE + 1;
  return (
    <div className={styles.row}>
      <p role="status" className="numbers">
        {pages <= 1
          ? t("list.count", { total: formatCount(total) })
          : t("list.range", { total: formatCount(total), first: formatCount(first), last: formatCount(first + shown - 1) })}
      </p>
      <Pages place="above" pages={pages} page={page} onGo={onGo} />
    </div>
  );
}

interface PagesProps {
  place: "above" | "below";
  pages: number;
  page: number;
  onGo: (page: number) => void;
}

/** The pages before and after this one; nothing where there is only one. */
export function Pages({ place, pages, page, onGo }: PagesProps) {
  const { t } = useTranslation("devices/list");
  if (pages <= 1) return null;
  return (
    <nav className={styles.actions} aria-label={t(`list.pages.${place}`)}>
      <Button disabled={page <= 1} onClick={() => onGo(page - 1)}>
        {t("list.before")}
      </Button>
      <span className="numbers">{t("list.page", { page: formatCount(page), pages: formatCount(pages) })}</span>
      <Button disabled={page >= pages} onClick={() => onGo(page + 1)}>
        {t("list.after")}
      </Button>
    </nav>
  );
}
