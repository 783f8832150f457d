import { useTranslation } from "react-i18next";
import { may } from "../../../api/session";
import { useAuth } from "../../../app/auth";
import { Link, useSearch } from "../../../app/router";
import { Button } from "../../../components/Button";
import { EmptyState, ErrorState, Loading } from "../../../components/states";
import { useReasons } from "./asking";
import { Acts } from "./Acts";
import { Filters } from "./Filters";
import { isNarrowed, ofAllReasons, readSelection } from "./logic/selection";
import { Messages } from "./Messages";
import { Reasons } from "./Reasons";
import styles from "./Quarantine.module.css";

/** What could not be understood, of all devices: why, how to mend it, and a second chance for it. */
export function Quarantine() {
  const { t } = useTranslation("devices/quarantine");
  const { visitor } = useAuth();
  return (
    <>
      <header>
        <h1>{t("title")}</h1>
        <p className={styles.soft}>{t("lead")}</p>
      </header>
      {may(visitor, "quarantine") ? (
        <Kept />
      ) : (
        <EmptyState icon="lock" title={t("forbidden.title")} action={<Link to="/devices">{t("forbidden.back")}</Link>}>
          {t("forbidden.text")}
        </EmptyState>
      )}
    </>
  );
}

function Kept() {
  const { t } = useTranslation("devices/quarantine");
  const [search, change] = useSearch();
  const selection = readSelection(search);
  const counted = useReasons(ofAllReasons(selection));
  const reasons = counted.data?.reasons ?? [];
  const total = reasons.filter((one) => selection.reason === undefined || one.reason === selection.reason).reduce((sum, one) => sum + one.messages, 0);
  const clear = () => change({ reason: undefined, device: undefined, period: undefined });
  return (
    <>
      <Filters search={search} onChange={(changes) => change(changes)} />
      {counted.isPending && <Loading />}
      {counted.isError && counted.data === undefined && <ErrorState error={counted.error} onRetry={() => void counted.refetch()} />}
      {counted.data !== undefined && <Reasons counts={reasons} dropped={counted.data.dropped} chosen={selection.reason} onChoose={(reason) => change({ reason })} />}
      {counted.isSuccess && total === 0 && !isNarrowed(selection) && (
        <EmptyState icon="check" title={t("empty.title")}>
          {t("empty.text")}
        </EmptyState>
      )}
      {counted.isSuccess && total === 0 && isNarrowed(selection) && (
        <EmptyState icon="search" title={t("none.title")} action={<Button onClick={clear}>{t("none.clear")}</Button>}>
          {t("none.text")}
        </EmptyState>
      )}
      <Acts key={JSON.stringify(selection)} selection={selection} total={total} />
      {total > 0 && <Messages selection={selection} total={total} />}
    </>
  );
}
