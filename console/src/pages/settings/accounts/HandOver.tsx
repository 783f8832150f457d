import { useTranslation } from "react-i18next";
import { formatMoment } from "../../../format/times";
import { OnceDialog } from "../people/OnceDialog";
import type { AccountWithCode } from "./asking";

/** What to hand over to somebody: where to go, the name, and the code that sets a password, this once. */
export function HandOver({ made, onClose }: { made: AccountWithCode; onClose: () => void }) {
  const { t } = useTranslation("settings/accounts");
  const rows = [
    { label: t("made.address"), text: `${location.origin}/login?code=${encodeURIComponent(made.name)}` },
    { label: t("made.name"), text: made.name },
    { label: t("made.code"), text: made.code },
  ];
  return (
    <OnceDialog title={t("made.title")} rows={rows} file={`machi-${made.name}.txt`} onClose={onClose}>
      {t("made.text", { at: made.codeUntil == null ? "–" : formatMoment(made.codeUntil) })}
    </OnceDialog>
  );
}
