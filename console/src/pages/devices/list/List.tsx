import { useDeferredValue, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { may } from "../../../api/session";
import { useAuth } from "../../../app/auth";
import { navigate, useSearch } from "../../../app/router";
import { mayLeave } from "../../../app/unsaved";
import { Button } from "../../../components/Button";
import { TextField } from "../../../components/Field";
import { EmptyState, ErrorState, Loading } from "../../../components/states";
import { PAGE, useDevices } from "./asking";
import { Detail } from "./Detail";
import { DeviceTable } from "./DeviceTable";
import styles from "./List.module.css";
import { readPlace } from "./logic/place";
import { Pager, Pages } from "./Pager";
import { StateFilter } from "./StateFilter";

/** All devices: found by state and words, in the order of a column, a hundred at a time; one of them open by `?id=`. */
export function List() {
  const { t } = useTranslation("devices/list");
  const { visitor } = useAuth();
  const [search, change] = useSearch();
  const { state, sort, page } = readPlace(search);
  const text = search.get("text") ?? "";
  const words = useDeferredValue(text.trim());
  const found = useDevices({ ...(state !== undefined && { state }), text: words, sort, offset: (page - 1) * PAGE });
  const open = search.get("id");
  const isNarrowed = state !== undefined || text !== "";
  const total = found.data?.total ?? 0;
  const isBeyond = found.isSuccess && !found.isPlaceholderData && total > 0 && found.data.devices.length === 0;
  useEffect(() => {
    if (isBeyond) change({ page: undefined }); // an address of yesterday: there were more pages then
  }, [isBeyond, change]);
  const go = (next: number) => change({ page: next === 1 ? undefined : String(next) });
  const toForm = may(visitor, "devices:own:write") && (
    <Button kind="main" icon="plus" onClick={() => navigate("/devices/new")}>
      {t("list.new")}
    </Button>
  );
  return (
    <>
      <header className={styles.head}>
        <div>
          <h1>{t("title")}</h1>
          <p className={styles.soft}>{t("lead")}</p>
        </div>
        {toForm}
      </header>
      <div className={styles.filters}>
        <StateFilter state={state} text={words} onChange={(next) => change({ state: next, page: undefined })} />
        <TextField label={t("list.search")} type="search" maxLength={100} value={text} onChange={(event) => change({ text: event.target.value, page: undefined })} />
      </div>
      {found.isPending && <Loading />}
      {found.isError && found.data === undefined && <ErrorState error={found.error} onRetry={() => void found.refetch()} />}
      {found.isSuccess && total === 0 && (
        <Nothing isNarrowed={isNarrowed} toForm={toForm} onClear={() => change({ state: undefined, text: undefined, page: undefined })} />
      )}
      {found.data !== undefined && total > 0 && (
        <>
          <Pager total={total} page={page} shown={found.data.devices.length} onGo={go} />
          <DeviceTable
            devices={found.data.devices}
            sort={sort}
            onSort={(next) => change({ sort: next === "name" ? undefined : next, page: undefined })}
            open={open ?? undefined}
            onOpen={(id) => change({ id, tab: undefined }, { push: true })}
          />
          <Pages
            place="below"
            pages={Math.ceil(total / PAGE)}
            page={page}
            onGo={(next) => {
              go(next);
              window.scrollTo({ top: 0 });
            }}
          />
        </>
      )}
      {open !== null && <Detail key={open} id={open} onClose={() => mayLeave() && change({ id: undefined, tab: undefined })} />}
    </>
  );
}

function Nothing({ isNarrowed, toForm, onClear }: { isNarrowed: boolean; toForm: React.ReactNode; onClear: () => void }) {
  const { t } = useTranslation("devices/list");
  if (isNarrowed) {
    return (
      <EmptyState icon="search" title={t("list.noneTitle")} action={<Button onClick={onClear}>{t("list.clear")}</Button>}>
        {t("list.noneText")}
      </EmptyState>
    );
  }
  return (
    <EmptyState icon="device" title={t("list.emptyTitle")} action={toForm}>
      {t("list.emptyText")}
    </EmptyState>
  );
}
