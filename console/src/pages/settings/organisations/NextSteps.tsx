import { useTranslation } from "react-i18next";
import { Link } from "../../../app/router";
import { Icon } from "../../../components/Icon";
import { useGrants } from "../grants/asking";
import { type Organisation, useInvitations } from "./asking";
import { InviteButton } from "./Invitations";
import styles from "./Organisations.module.css";

/** What is still missing until they see data; nothing once all is done. */
export function NextSteps({ one }: { one: Organisation }) {
  const { t } = useTranslation("settings/organisations");
  const grants = useGrants(one.name);
  const invitations = useInvitations(one.name, true);
  if (grants.data === undefined || invitations.data === undefined) return null;
  const isGranted = grants.data.length > 0;
  const hasKey = (one.keys ?? 0) > 0;
  const isInvited = hasKey || invitations.data.some((each) => each.state === "open");
  if (isGranted && hasKey) return null;
  const grantPath = `/settings/grants/new?to=${one.name}&return=${encodeURIComponent(`/settings/organisations/${one.name}`)}`;
  return (
    <section className={styles.section} aria-labelledby="next">
      <h2 id="next">{t("next.title")}</h2>
      <ol className={styles.steps}>
        <Step isDone={isGranted} text={t("next.grant")}>
          {!isGranted && (
            <Link className={styles.go} to={grantPath}>
              {t("next.grantGo")}
            </Link>
          )}
        </Step>
        <Step isDone={isInvited} text={t("next.invite")}>
          {!isInvited && <InviteButton one={one} isMain={isGranted} />}
        </Step>
        <Step isDone={hasKey} text={isInvited && !hasKey ? t("next.waiting") : t("next.accept")} />
      </ol>
    </section>
  );
}

function Step({ isDone, text, children }: { isDone: boolean; text: string; children?: React.ReactNode }) {
  const { t } = useTranslation("settings/organisations");
  return (
    <li>
      <span className={isDone ? styles.done : undefined}>
        {isDone && <Icon name="check" />} {text}
        {isDone && <span className={styles.soft}> ({t("next.done")})</span>}
      </span>
      {children}
    </li>
  );
}
