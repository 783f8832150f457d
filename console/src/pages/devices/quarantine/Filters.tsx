import { useTranslation } from "react-i18next";
import { SelectField, TextField } from "../../../components/Field";
import { TimeRange } from "../../../components/TimeRange";
import styles from "./Quarantine.module.css";

/** Which device, and since when. Reasons are chosen from their counts. */
export function Filters({ search, onChange }: { search: URLSearchParams; onChange: (changes: Readonly<Record<string, string | undefined>>) => void }) {
  const { t } = useTranslation("devices/quarantine");
  const period = search.get("period") ?? "";
  return (
    <div className={styles.filters}>
      <TextField
        label={t("filter.device")}
        hint={t("filter.deviceHint")}
        type="search"
        maxLength={64}
        spellCheck={false}
        value={search.get("device") ?? ""}
        onChange={(event) => onChange({ device: event.target.value })}
      />
      {period === "" ? (
        <SelectField label={t("filter.period")} hint={t("filter.periodHint")} value="" onChange={(event) => onChange({ period: event.target.value })}>
          <option value="">{t("filter.ever")}</option>
          <option value="today">{t("filter.today")}</option>
          <option value="7d">{t("filter.week")}</option>
          <option value="30d">{t("filter.month")}</option>
        </SelectField>
      ) : (
        <div className={styles.period}>
          <TimeRange value={period} onChange={(next) => onChange({ period: next })} />
          <button type="button" className={styles.link} onClick={() => onChange({ period: undefined })}>
            {t("filter.everAgain")}
          </button>
        </div>
      )}
    </div>
  );
}
