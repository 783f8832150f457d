import { useTranslation } from "react-i18next";
import { formatDate } from "../../../format/times";
import { OnceDialog } from "../people/OnceDialog";
import type { NewKey } from "./asking";
import { nameOf } from "./logic/standing";

/** A key that has just been made: shown this once. `isOwn`: it took the place of the one in use here. */
export function NewSecret({ made, isOwn, onClose }: { made: NewKey; isOwn: boolean; onClose: () => void }) {
  const { t } = useTranslation("settings/keys");
  return (
    <OnceDialog title={t("made.title")} rows={[{ label: nameOf(made), text: made.key }]} file={`machi-key-${made.prefix}.txt`} onClose={onClose}>
      {made.expiresAt != null && t("made.until", { at: formatDate(made.expiresAt) })} {isOwn && t("made.own")}
    </OnceDialog>
  );
}
