import { useTranslation } from "react-i18next";
import { useSearch } from "../../../app/router";
import { mayLeave } from "../../../app/unsaved";
import { Choice } from "../../../components/Field";
import { Drawer } from "../../../components/Drawer";
import { ErrorState, Loading } from "../../../components/states";
import { type Device, useDevice } from "./asking";
import { Care } from "./Care";
import { EditForm } from "./EditForm";
import { Keys } from "./Keys";
import styles from "./List.module.css";
import { Messages } from "./Messages";
import { Now } from "./Now";

const TABS = ["now", "messages", "edit", "care", "keys"] as const;
type Tab = (typeof TABS)[number];

/** One device at the side: how it is, what came from it, its data, its care, what it logs in with. */
export function Detail({ id, onClose }: { id: string; onClose: () => void }) {
  const { data, isPending, error, refetch } = useDevice(id);
  return (
    <Drawer title={data?.name ?? id} onClose={onClose}>
      {isPending && <Loading />}
      {error !== null && data === undefined && <ErrorState error={error} onRetry={() => void refetch()} />}
      {data !== undefined && <Known device={data} />}
    </Drawer>
  );
}

function Known({ device }: { device: Device }) {
  const { t } = useTranslation("devices/list");
  const [search, change] = useSearch();
  const tabs = device.state === "retired" ? TABS.filter((one) => one !== "edit" && one !== "keys") : TABS;
  const tab: Tab = tabs.find((one) => one === search.get("tab")) ?? "now";
  return (
    <div className={styles.detail}>
      <Choice
        label={t("tab.label")}
        isLabelHidden
        value={tab}
        options={tabs.map((one) => ({ value: one, label: t(`tab.${one}`) }))}
        onChange={(next) => mayLeave() && change({ tab: next === "now" ? undefined : next })}
      />
      {tab === "now" && <Now device={device} />}
      {tab === "messages" && <Messages device={device} />}
      {tab === "edit" && <EditForm device={device} />}
      {tab === "care" && <Care device={device} />}
      {tab === "keys" && <Keys device={device} />}
    </div>
  );
}
