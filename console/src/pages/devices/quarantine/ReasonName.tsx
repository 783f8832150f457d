import { useTranslation } from "react-i18next";
import { known } from "./logic/reasons";

/** Why a message was put aside, in a few words. */
export function ReasonName({ reason }: { reason: string }) {
  const { t } = useTranslation("devices/quarantine");
  const name = known(reason);
  return <strong>{name === "other" ? reason : t(`reason.${name}.name`)}</strong>;
}

/** What can be done about it. */
export function ReasonHelp({ reason }: { reason: string }) {
  const { t } = useTranslation("devices/quarantine");
  return <>{t(`reason.${known(reason)}.mend`)}</>;
}
