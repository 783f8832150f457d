import { useState } from "react";
import { useTranslation } from "react-i18next";
import { may } from "../../../api/session";
import { useAuth } from "../../../app/auth";
import { useSearch } from "../../../app/router";
import { Choice } from "../../../components/Field";
import { EmptyState, ErrorState, Loading } from "../../../components/states";
import { useWaiting, type WaitingDevice, type WaitingState } from "./asking";
import { Approve } from "./Approve";
import { Groups } from "./Groups";
import { Reject } from "./Reject";
import styles from "./Waiting.module.css";
import { WaitingList } from "./WaitingList";

const STATES: readonly WaitingState[] = ["waiting", "approved", "rejected"];

/** Devices that came by themselves: they are let in, or not. */
export default function Waiting() {
  const { t } = useTranslation("devices/waiting");
  const { visitor } = useAuth();
  const [search, change] = useSearch();
  const state = STATES.find((one) => one === search.get("state")) ?? "waiting";
  const found = useWaiting(state);
  const [approving, setApproving] = useState<WaitingDevice>();
  const [rejecting, setRejecting] = useState<WaitingDevice>();
  const canDecide = may(visitor, "devices:write");
  return (
    <div className={styles.page}>
      <header>
        <h1>{t("title")}</h1>
        <p className={styles.soft}>{t("lead")}</p>
      </header>
      <Choice label={t("list.show")} isLabelHidden value={state} options={STATES.map((value) => ({ value, label: t(`state.${value}`) }))} onChange={(value) => change({ state: value === "waiting" ? undefined : value })} />
      {found.isPending && <Loading />}
      {found.isError && found.data === undefined && <ErrorState error={found.error} onRetry={() => void found.refetch()} />}
      {found.data?.devices.length === 0 && (
        <EmptyState icon="device" title={t(`empty.${state}`)}>
          {t("empty.text")}
        </EmptyState>
      )}
      {found.data !== undefined && found.data.devices.length > 0 && (
        <WaitingList devices={found.data.devices} {...(canDecide && state !== "approved" && { onApprove: setApproving, onReject: setRejecting })} />
      )}
      <Groups canDecide={canDecide} />
      {approving !== undefined && <Approve key={`${approving.group}/${approving.name}`} device={approving} onClose={() => setApproving(undefined)} />}
      {rejecting !== undefined && <Reject device={rejecting} onClose={() => setRejecting(undefined)} />}
    </div>
  );
}
