import { useTranslation } from "react-i18next";
import { useAuth } from "../../../app/auth";
import styles from "../Settings.module.css";

/** For whom a provider of identity vouches: their password is kept there. */
export function Elsewhere({ provider }: { provider: string }) {
  const { t } = useTranslation("settings/me");
  const { visitor } = useAuth();
  const name = visitor.session?.ways.providers.find((one) => one.id === provider)?.name ?? provider;
  return (
    <section className={styles.section} aria-labelledby="elsewhere">
      <h2 id="elsewhere">{t("elsewhere.title")}</h2>
      <p>{t("elsewhere.text", { name })}</p>
    </section>
  );
}
