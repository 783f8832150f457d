import { useDeferredValue } from "react";
import { useTranslation } from "react-i18next";
import { Notice } from "../../../components/states";
import { formatCount } from "../../../format/numbers";
import { formatValue } from "../../../format/units";
import styles from "./Alarms.module.css";
import { usePreview } from "./asking";
import { type Form, limitsOf, questionOf } from "./logic/draft";

const NAMED = 5;

/** How many are beyond the thresholds now, and who. How long it has to hold is not looked at. */
export function Preview({ form, factor }: { form: Form; factor: number }) {
  const { t } = useTranslation("devices/alarms");
  const limits = limitsOf(form, factor);
  const question = useDeferredValue(form.attribute === "" || limits === undefined ? undefined : questionOf(form.attribute, limits));
  const found = usePreview(form.type, form.attribute, question, form.ids);
  if (question === undefined) return <p className={styles.soft}>{t("preview.first")}</p>;
  if (found.isError) return <Notice kind="warn">{t("preview.unknown")}</Notice>;
  if (found.data === undefined) return <p className={styles.soft}>{t("preview.counting")}</p>;
  const { all, beyond, first } = found.data;
  return (
    <Notice kind={beyond > 0 ? "warn" : "good"}>
      <p>{t("preview.count", { beyond: formatCount(beyond), all: formatCount(all) })}</p>
      {beyond > 0 && (
        <ul>
          {first.slice(0, NAMED).map((entity) => {
            const attribute = entity.attributes.get(form.attribute);
            return (
              <li key={entity.id}>
                {entity.name} {attribute !== undefined && formatValue(form.attribute, attribute.value, attribute.unitCode)}
              </li>
            );
          })}
        </ul>
      )}
    </Notice>
  );
}
