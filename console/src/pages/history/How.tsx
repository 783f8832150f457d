import { useTranslation } from "react-i18next";
import { CheckBox, Choice, SelectField } from "../../components/Field";
import { type ConditionProps, Group } from "./Group";
import styles from "./History.module.css";
import { type Bucket, BUCKETS, chooseBucket, type Method, METHODS } from "./logic/bucket";
import { ALIGNMENTS, MAX_YEARS } from "./logic/compare";

/** In which steps, by which figures, beside which years. */
export function How({ question, completed, span, bucket, change }: ConditionProps) {
  const { t } = useTranslation("history");
  const toggle = (method: Method, isOn: boolean) => {
    const methods = METHODS.filter((one) => (one === method ? isOn : completed.methods.includes(one)));
    if (methods.length > 0) change({ methods });
  };
  return (
    <Group title={t("how.title")}>
      <SelectField
        label={t("how.bucket")}
        value={question.bucket ?? ""}
        onChange={(event) => change({ bucket: event.target.value === "" ? undefined : (event.target.value as Bucket) })}
      >
        <option value="">{t("how.auto", { bucket: t(`bucket.${chooseBucket(span)}`) })}</option>
        {BUCKETS.map((one) => (
          <option key={one} value={one}>
            {t(`bucket.${one}`)}
          </option>
        ))}
      </SelectField>
      {bucket === "none" ? (
        <p className={styles.soft}>{t("how.methodsRaw")}</p>
      ) : (
        <fieldset className={styles.checks}>
          <legend>{t("how.methods")}</legend>
          {METHODS.map((method) => (
            <CheckBox key={method} label={t(`method.${method}`)} checked={completed.methods.includes(method)} onChange={(event) => toggle(method, event.target.checked)} />
          ))}
        </fieldset>
      )}
      <SelectField label={t("how.years")} value={question.years} onChange={(event) => change({ years: Number(event.target.value) })}>
        <option value={0}>{t("how.noYears")}</option>
        {Array.from({ length: MAX_YEARS }, (_, index) => index + 1).map((years) => (
          <option key={years} value={years}>
            {t("how.yearsBack", { count: years })}
          </option>
        ))}
      </SelectField>
      {question.years > 0 && (
        <Choice label={t("how.alignment")} value={question.alignment} options={ALIGNMENTS.map((one) => ({ value: one, label: t(`how.${one}`) }))} onChange={(alignment) => change({ alignment })} />
      )}
    </Group>
  );
}
