import { useTranslation } from "react-i18next";
import { SelectField, TextField } from "../../components/Field";
import { narrow, type PartProps } from "./fields";
import { isMqtt } from "./logic/draft";
import styles from "./Subscriptions.module.css";

/** Who is told, and how it knows us. What is secret goes in and never comes out again. */
export function FormWhere({ draft, change, errorOf }: PartProps) {
  const { t } = useTranslation("subscriptions");
  const error = errorOf("uri");
  return (
    <section className={styles.section} aria-labelledby="form-where">
      <h2 id="form-where">{t("form.where")}</h2>
      <TextField
        label={t("form.uri")}
        hint={t("form.uriHint")}
        type="url"
        inputMode="url"
        autoComplete="off"
        value={draft.uri}
        {...(error !== undefined && { error })}
        onChange={(event) => change({ uri: event.target.value })}
      />
      {isMqtt(draft.uri) && (
        <div className={styles.narrow}>
          <SelectField label={t("form.qos")} hint={t("form.qosHint")} value={draft.qos} onChange={(event) => change({ qos: event.target.value })}>
            <option value="">{t("form.qosUsual")}</option>
            {(["0", "1", "2"] as const).map((one) => (
              <option key={one} value={one}>
                {t(`form.qos${one}`)}
              </option>
            ))}
          </SelectField>
        </div>
      )}
      <Secrets draft={draft} change={change} errorOf={errorOf} />
    </section>
  );
}

function Secrets({ draft, change, errorOf }: PartProps) {
  const { t } = useTranslation("subscriptions");
  const [header, secret, timeout, cooldown] = [errorOf("header"), errorOf("secret"), errorOf("timeout"), errorOf("cooldown")];
  const hasMore = [draft.headerName, draft.secret, draft.timeout, draft.cooldown].some((one) => one !== "") || [header, secret, timeout, cooldown].some((one) => one !== undefined);
  const errors = { timeout, cooldown };
  return (
    <details className={styles.more} open={hasMore || undefined}>
      <summary>{t("form.more")}</summary>
      <div className={styles.form}>
        <div className={styles.pair}>
          <TextField
            label={t("form.headerName")}
            hint={t("form.headerNameHint")}
            isOptional
            autoComplete="off"
            value={draft.headerName}
            {...(header !== undefined && { error: header })}
            onChange={(event) => change({ headerName: event.target.value })}
          />
          <TextField label={t("form.headerValue")} hint={t("form.headerValueHint")} isOptional type="password" autoComplete="new-password" value={draft.headerValue} onChange={(event) => change({ headerValue: event.target.value })} />
        </div>
        <TextField
          label={t("form.secret")}
          hint={t("form.secretHint")}
          isOptional
          type="password"
          autoComplete="new-password"
          value={draft.secret}
          {...(secret !== undefined && { error: secret })}
          onChange={(event) => change({ secret: event.target.value })}
        />
        <div className={styles.pair}>
          {(["timeout", "cooldown"] as const).map((name) => (
            <TextField
              key={name}
              label={t(`form.${name}`)}
              hint={t(`form.${name}Hint`)}
              isOptional
              inputMode="decimal"
              value={draft[name]}
              {...(errors[name] !== undefined && { error: errors[name] })}
              onChange={(event) => change({ [name]: narrow(event.target.value) })}
            />
          ))}
        </div>
      </div>
    </details>
  );
}
