import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { setKey } from "../../../api/credentials";
import { useAuth } from "../../../app/auth";
import { Confirm } from "../../../components/Confirm";
import { Choice } from "../../../components/Field";
import { formatMoment, HOUR } from "../../../format/times";
import styles from "../people/people.module.css";
import { useNow } from "../people/useNow";
import { forget, type Key, type NewKey, rotateKey } from "./asking";
import { nameOf } from "./logic/standing";

const OVERLAPS = ["0", "1", "24", "168", "720"] as const;
type Overlap = (typeof OVERLAPS)[number];

/** Puts a new key in the place of another, which goes on for a while so that nothing stands still. */
export function Rotate({ of, isOwn, onMade, onClose }: { of: Key; isOwn: boolean; onMade: (made: NewKey, isOwn: boolean) => void; onClose: () => void }) {
  const { t } = useTranslation("settings/keys");
  const { refresh } = useAuth();
  const queries = useQueryClient();
  const [overlap, setOverlap] = useState<Overlap>("24");
  const now = useNow();
  const rotating = useMutation({
    mutationFn: () => rotateKey(of.prefix, Number(overlap)),
    gcTime: 0,
    onSuccess: async (made) => {
      if (isOwn) {
        setKey(made.key); // before the old one ends: else this tab would lose the new one with its login
        await refresh();
      }
      onMade(made, isOwn);
      void forget(queries);
    },
  });
  return (
    <Confirm kind="main" title={t("replace.title")} yes={t("replace.yes")} isBusy={rotating.isPending} error={rotating.error} onYes={() => rotating.mutate()} onClose={onClose}>
      <div className={styles.form}>
        <p>{t("replace.text", { name: nameOf(of) })}</p>
        <Choice label={t("replace.overlap")} value={overlap} options={OVERLAPS.map((one) => ({ value: one, label: t(`overlap.${one}`) }))} onChange={setOverlap} />
        <p className={styles.soft}>{overlap === "0" ? t("replace.now") : t("replace.until", { at: formatMoment(now + Number(overlap) * HOUR) })}</p>
      </div>
    </Confirm>
  );
}
