import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { Confirm } from "../../../components/Confirm";
import { ErrorState, Loading } from "../../../components/states";
import { formatCount } from "../../../format/numbers";
import { formatMoment } from "../../../format/times";
import { endGroup, forget, type Group, useGroups } from "./asking";
import { GroupForm } from "./GroupForm";
import styles from "./Waiting.module.css";

/** Who may bring unknown devices, on which terms. */
export function Groups({ canDecide }: { canDecide: boolean }) {
  const { t } = useTranslation("devices/waiting");
  const found = useGroups();
  const [isMaking, setMaking] = useState(false);
  const [ending, setEnding] = useState<Group>();
  return (
    <section className={styles.page} aria-labelledby="groups">
      <div className={styles.row}>
        <div>
          <h2 id="groups">{t("groups.title")}</h2>
          <p className={styles.soft}>{t("groups.lead")}</p>
        </div>
        {canDecide && (
          <Button icon="plus" onClick={() => setMaking(true)}>
            {t("groups.new")}
          </Button>
        )}
      </div>
      {found.isPending && <Loading />}
      {found.isError && found.data === undefined && <ErrorState error={found.error} onRetry={() => void found.refetch()} />}
      {found.data?.groups.length === 0 && <p>{t("groups.none")}</p>}
      <ul className={styles.list} aria-label={t("groups.title")}>
        {(found.data?.groups ?? []).map((group) => (
          <li key={group.id} className={styles.section}>
            <Terms group={group} />
            {canDecide && (
              <div>
                <Button aria-label={t("end.one", { id: group.id })} onClick={() => setEnding(group)}>
                  {t("end.open")}
                </Button>
              </div>
            )}
          </li>
        ))}
      </ul>
      {isMaking && <GroupForm onClose={() => setMaking(false)} />}
      {ending !== undefined && <Ending group={ending} onClose={() => setEnding(undefined)} />}
    </section>
  );
}

function Terms({ group }: { group: Group }) {
  const { t } = useTranslation("devices/waiting");
  const { waiting = 0, approved = 0, rejected = 0 } = group.devices;
  const facts = [
    [t("groups.counts"), t("groups.countsOf", { waiting: formatCount(waiting), approved: formatCount(approved), rejected: formatCount(rejected) })],
    [t("groups.most"), t("groups.mostOf", { count: group.maxDevices, shown: formatCount(group.maxDevices) })],
    [t("groups.profile"), group.profile ?? t("groups.any")],
    [t("groups.prefix"), group.prefix === "" ? t("groups.any") : group.prefix],
    [t("groups.until"), group.expiresAt == null ? t("groups.forever") : formatMoment(group.expiresAt)],
  ] as const;
  return (
    <>
      <h3 className={styles.name}>{group.id}</h3>
      <dl className={styles.facts}>
        {facts.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function Ending({ group, onClose }: { group: Group; onClose: () => void }) {
  const { t } = useTranslation("devices/waiting");
  const queries = useQueryClient();
  const ending = useMutation({
    mutationFn: () => endGroup(group.id),
    onSuccess: () => {
      void forget(queries);
      onClose();
    },
  });
  return (
    <Confirm title={t("end.title", { id: group.id })} yes={t("end.yes")} isBusy={ending.isPending} error={ending.error} onYes={() => ending.mutate()} onClose={onClose}>
      <p>{t(group.adapter === "native" ? "end.textKey" : "end.textGateway")}</p>
    </Confirm>
  );
}
