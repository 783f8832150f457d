/** What a page shows instead of its content: loading, empty, in trouble, offline, no permission. */

import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { kindOf } from "../api/errors";
import { sayingOf } from "../api/said";
import { Link } from "../app/router";
import { Button } from "./Button";
import { Icon, type IconName } from "./Icon";
import { cx } from "./cx";
import { OwnWords } from "./OwnWords";
import styles from "./states.module.css";

const PATIENCE_MS = 6_000;

/** Nothing for a moment, then a sign that something is coming, then that it takes long. */
export function Loading({ label, onCancel }: { label?: string; onCancel?: () => void }) {
  const { t } = useTranslation("shell", { useSuspense: false });
  const isSlow = useIsSlow();
  return (
    <div className={styles.state} role="status" data-loading>
      <span className={styles.spinner} aria-hidden="true" />
      <p>{label ?? t("state.loading")}</p>
      {isSlow && <p className={styles.soft}>{t("state.slow")}</p>}
      {isSlow && onCancel && <Button onClick={onCancel}>{t("state.cancel")}</Button>}
    </div>
  );
}

function useIsSlow(): boolean {
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return isSlow;
}

/** For what says itself that it loads: after a while, that it takes long. */
export function SlowHint() {
  const { t } = useTranslation("shell", { useSuspense: false });
  return useIsSlow() ? <p className={styles.soft}>{t("state.slow")}</p> : null;
}

/** There is nothing (yet): says why, and what to do about it. */
export function EmptyState({
  icon = "info",
  title,
  children,
  action,
  isPage = false,
}: {
  icon?: IconName;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  /** Whether it is all that the page shows: its title is the page's then. */
  isPage?: boolean;
}) {
  const Heading = isPage ? "h1" : "h2";
  return (
    <div className={styles.state}>
      <Icon name={icon} size={36} className={styles.icon} />
      <Heading>{title}</Heading>
      {children !== undefined && <div className={styles.soft}>{children}</div>}
      {action}
    </div>
  );
}

const ICONS: Record<ReturnType<typeof kindOf>, IconName> = {
  offline: "offline",
  unreachable: "offline",
  slow: "offline",
  busy: "offline",
  login: "lock",
  forbidden: "lock",
  missing: "search",
  wrong: "warning",
  server: "warning",
};

/** Something went wrong: what, and how to go on. */
export function ErrorState({ error, onRetry, isPage = false }: { error: unknown; onRetry?: () => void; isPage?: boolean }) {
  const { t } = useTranslation("shell");
  const Heading = isPage ? "h1" : "h2";
  const kind = kindOf(error);
  return (
    <div className={styles.state} role="alert">
      <Icon name={ICONS[kind]} size={36} className={styles.icon} />
      <Heading>{t(`error.${kind}.title`)}</Heading>
      <p className={styles.soft}>{sayingOf(error) ?? t(`error.${kind}.text`)}</p>
      <OwnWords error={error} />
      {isPage && kind === "forbidden" && <Link to="/public">{t("error.forbidden.public")}</Link>}
      {kind === "login" && <Link to={loginAddress()}>{t("account.login")}</Link>}
      {onRetry && kind !== "login" && kind !== "forbidden" && <Button onClick={onRetry}>{t("state.retry")}</Button>}
    </div>
  );
}

/** The login, and back to here afterwards. */
export function loginAddress(): string {
  const failure = new URLSearchParams(location.search).get("login"); // the way back from a provider of identity
  if (failure !== null) return `/login?login=${encodeURIComponent(failure)}`;
  const here = location.pathname + location.search;
  return here === "/" || here.startsWith("/login") ? "/login" : `/login?next=${encodeURIComponent(here)}`;
}

/** A line above the content while there is no connection; what is shown is the last that arrived. */
export function OfflineNotice() {
  const { t } = useTranslation();
  const [isOnline, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const update = () => setOnline(navigator.onLine);
    window.addEventListener("online", update);
    window.addEventListener("offline", update);
    return () => {
      window.removeEventListener("online", update);
      window.removeEventListener("offline", update);
    };
  }, []);
  return (
    <div role="status">
      {!isOnline && (
        <p className={styles.offline}>
          <Icon name="offline" /> {t("state.offline")}
        </p>
      )}
    </div>
  );
}

/** A message within a page: good news, a warning, an error of a form. */
export function Notice({ kind = "info", children }: { kind?: "info" | "good" | "warn" | "bad"; children: ReactNode }) {
  const icon = { info: "info", good: "check", warn: "warning", bad: "stop" }[kind] as IconName;
  return (
    <div className={cx(styles.notice, styles[kind])} role={kind === "bad" ? "alert" : "status"}>
      <Icon name={icon} />
      <div>{children}</div>
    </div>
  );
}
