import { useTranslation } from "react-i18next";
import { Confirm } from "../../../components/Confirm";
import { formatCount } from "../../../format/numbers";

/** Asks before messages are thrown away: what is lost is lost. */
export function DiscardQuestion({ count, onYes, onClose }: { count: number; onYes: () => void; onClose: () => void }) {
  const { t } = useTranslation("devices/quarantine");
  return (
    <Confirm title={t("act.question", { count: formatCount(count) })} yes={t("act.discard")} onYes={onYes} onClose={onClose}>
      <p>{t("act.follows")}</p>
    </Confirm>
  );
}
