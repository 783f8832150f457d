import { useTranslation } from "react-i18next";
import { CopyButton } from "../../components/CopyButton";
import { Notice } from "../../components/states";
import styles from "./Devices.module.css";

export interface Shown {
  readonly username: string;
  readonly password: string;
  readonly topic?: string | undefined;
  readonly url?: string | undefined;
}

/** What a device logs in with: shown this once, kept nowhere. */
export function Secret({ shown }: { shown: Shown }) {
  const { t } = useTranslation("devices");
  const rows = (["username", "password", "topic", "url"] as const).flatMap((name) => (shown[name] === undefined ? [] : [{ name, text: shown[name] }]));
  return (
    <section className={styles.secret} aria-label={t("secret.label")}>
      <Notice kind="warn">{t("secret.once")}</Notice>
      <dl className={styles.facts}>
        {rows.map(({ name, text }) => (
          <div key={name}>
            <dt>{t(`secret.${name}`)}</dt>
            <dd>
              <code>{text}</code> <CopyButton text={text}>{t("secret.copy", { what: t(`secret.${name}`) })}</CopyButton>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
