import { useTranslation } from "react-i18next";
import { formatCount } from "../../../format/numbers";
import { yearsOfDays } from "./policy";

/** Writes how long: 無期限, 3年, 400日. */
export function usePeriodText(): (days: number | null | undefined) => string {
  const { t } = useTranslation("settings/retention");
  return (days) => {
    if (days == null) return t("forever");
    const years = yearsOfDays(days);
    return years === undefined ? t("days", { count: days, shown: formatCount(days) }) : t("years", { count: years });
  };
}
