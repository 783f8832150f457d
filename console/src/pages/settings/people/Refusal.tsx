import { useTranslation } from "react-i18next";
import { problemText } from "../../../api/said";
import { OwnWords } from "../../../components/OwnWords";
import { Notice } from "../../../components/states";

/** What the API said to what was asked for; what was typed stays. */
export function Refusal({ error }: { error: unknown }) {
  const { t } = useTranslation("settings");
  const shell = useTranslation();
  return <Notice kind="bad">{t("refused", { why: problemText(error, (kind) => shell.t(`error.${kind}.title`)) })} <OwnWords error={error} /></Notice>;
}
