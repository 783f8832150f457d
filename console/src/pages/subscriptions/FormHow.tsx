import { useTranslation } from "react-i18next";
import { CheckBox, Choice, SelectField, TextField } from "../../components/Field";
import { attributeName } from "../../format/names";
import { useWatchable } from "./catalogue";
import { narrow, type PartProps, toggled } from "./fields";
import { FormError } from "./FormError";
import { type Accept, ACCEPTS, type Sends } from "./logic/draft";
import styles from "./Subscriptions.module.css";

/** What it is called, how often it tells, and in which form. */
export function FormHow({ draft, change, errorOf }: PartProps) {
  const { t } = useTranslation("subscriptions");
  const error = errorOf("throttling");
  return (
    <section className={styles.section} aria-labelledby="form-how">
      <h2 id="form-how">{t("form.how")}</h2>
      <TextField label={t("form.name")} hint={t("form.nameHint")} isOptional value={draft.name} maxLength={200} onChange={(event) => change({ name: event.target.value })} />
      <div className={styles.narrow}>
        <TextField
          label={t("form.throttling")}
          hint={t("form.throttlingHint")}
          isOptional
          inputMode="decimal"
          value={draft.throttling}
          {...(error !== undefined && { error })}
          onChange={(event) => change({ throttling: narrow(event.target.value) })}
        />
      </div>
      <Choice
        label={t("form.format")}
        value={draft.format}
        options={(["simplified", "concise", "normalized"] as const).map((one) => ({ value: one, label: t(`form.${one}`) }))}
        onChange={(format) => change({ format })}
      />
      <Sent draft={draft} change={change} errorOf={errorOf} />
      <RareSending draft={draft} change={change} errorOf={errorOf} />
    </section>
  );
}

function Sent({ draft, change, errorOf }: PartProps) {
  const { t } = useTranslation("subscriptions");
  const watchable = useWatchable(draft.types);
  const offered = [...new Set([...(watchable.data ?? []).map((one) => one.name), ...draft.sent])];
  const kinds: readonly Sends[] = draft.watched.length > 0 ? ["all", "watched", "chosen"] : ["all", "chosen"];
  return (
    <>
      <Choice label={t("form.sends")} value={draft.sends} options={kinds.map((one) => ({ value: one, label: t(`sends.${one}`) }))} onChange={(sends) => change({ sends })} />
      {draft.sends === "chosen" && (
        <fieldset className={styles.checks}>
          <legend>{t("form.sent")}</legend>
          <div>
            {offered.map((name) => (
              <CheckBox key={name} label={attributeName(name)} checked={draft.sent.includes(name)} onChange={(event) => change({ sent: toggled(draft.sent, name, event.target.checked) })} />
            ))}
          </div>
          <FormError text={errorOf("sent")} />
        </fieldset>
      )}
    </>
  );
}

/** Ends, intervals and forms that few need. */
function RareSending({ draft, change, errorOf }: PartProps) {
  const { t } = useTranslation("subscriptions");
  const [expires, interval, changes] = [errorOf("expires"), errorOf("interval"), errorOf("changes")];
  const isUsed = draft.expires !== "" || draft.interval !== "" || draft.showsChanges || draft.hasSystemTimes || draft.accept !== "application/json";
  const isWrong = [expires, interval, changes].some((one) => one !== undefined);
  return (
    <details className={styles.more} open={isUsed || isWrong || undefined}>
      <summary>{t("form.rareSending")}</summary>
      <div className={styles.form}>
        <div className={styles.pair}>
          <TextField label={t("form.expires")} hint={t("form.expiresHint")} isOptional type="datetime-local" value={draft.expires} {...(expires !== undefined && { error: expires })} onChange={(event) => change({ expires: event.target.value })} />
          <TextField
            label={t("form.interval")}
            hint={t("form.intervalHint")}
            isOptional
            inputMode="decimal"
            value={draft.interval}
            {...(interval !== undefined && { error: interval })}
            onChange={(event) => change({ interval: narrow(event.target.value) })}
          />
        </div>
        <CheckBox label={t("form.showsChanges")} checked={draft.showsChanges} {...(changes !== undefined && { "aria-invalid": true })} onChange={(event) => change({ showsChanges: event.target.checked })} />
        <FormError text={changes} />
        <CheckBox label={t("form.systemTimes")} checked={draft.hasSystemTimes} onChange={(event) => change({ hasSystemTimes: event.target.checked })} />
        <div className={styles.narrow}>
          <SelectField label={t("form.accept")} value={draft.accept} onChange={(event) => change({ accept: event.target.value as Accept })}>
            {ACCEPTS.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </SelectField>
        </div>
      </div>
    </details>
  );
}
