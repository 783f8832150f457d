import { useTranslation } from "react-i18next";
import { CheckBox, TextField } from "../../components/Field";
import { type PartProps, toggled } from "./fields";
import { FormError } from "./FormError";
import { TRIGGERS, USUAL_TRIGGERS } from "./logic/draft";
import styles from "./Subscriptions.module.css";

/** Conditions that few need, closed until somebody does, or has to mend one. */
export function FormRare({ draft, change, errorOf }: PartProps) {
  const { t } = useTranslation("subscriptions");
  const errors = [errorOf("idPattern"), errorOf("scopeQ"), errorOf("triggers")];
  const isUsed = draft.idPattern !== "" || draft.scopeQ !== "" || draft.triggers.length > 0 || errors.some((one) => one !== undefined);
  const [idPattern, scopeQ] = errors;
  return (
    <section className={styles.section} aria-label={t("form.rare")}>
      <details className={styles.more} open={isUsed || undefined}>
        <summary>{t("form.rare")}</summary>
        <div className={styles.form}>
          <TextField
            label={t("form.idPattern")}
            hint={t("form.idPatternHint")}
            isOptional
            autoComplete="off"
            spellCheck={false}
            value={draft.idPattern}
            {...(idPattern !== undefined && { error: idPattern })}
            onChange={(event) => change({ idPattern: event.target.value })}
          />
          <TextField
            label={t("form.scope")}
            hint={t("form.scopeHint")}
            isOptional
            autoComplete="off"
            spellCheck={false}
            value={draft.scopeQ}
            {...(scopeQ !== undefined && { error: scopeQ })}
            onChange={(event) => change({ scopeQ: event.target.value })}
          />
          <Triggers draft={draft} change={change} errorOf={errorOf} />
        </div>
      </details>
    </section>
  );
}

/** Without a choice: what is usual. */
function Triggers({ draft, change, errorOf }: PartProps) {
  const { t } = useTranslation("subscriptions");
  const chosen = draft.triggers.length > 0 ? draft.triggers : USUAL_TRIGGERS;
  const set = (name: string, isOn: boolean) => {
    const next = TRIGGERS.filter((one) => toggled(chosen, name, isOn).includes(one));
    change({ triggers: next.join() === USUAL_TRIGGERS.join() ? [] : next });
  };
  return (
    <fieldset className={styles.checks} aria-describedby="form-triggers-hint">
      <legend>{t("form.triggers")}</legend>
      <p id="form-triggers-hint" className={styles.soft}>
        {t("form.triggersHint")}
      </p>
      <div>
        {TRIGGERS.map((name) => (
          <CheckBox key={name} label={t(`trigger.${name}`)} checked={chosen.includes(name)} onChange={(event) => set(name, event.target.checked)} />
        ))}
      </div>
      <FormError text={errorOf("triggers")} />
    </fieldset>
  );
}
