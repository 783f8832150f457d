import { Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "../components/Button";
import { cx } from "../components/cx";
import { Drawer } from "../components/Drawer";
import { ErrorBoundary } from "../components/ErrorBoundary";
import { Icon, type IconName } from "../components/Icon";
import { EmptyState, Loading, loginAddress, OfflineNotice } from "../components/states";
import { may } from "../api/session";
import { getLanguage, setLanguage } from "../i18n";
import { useAuth } from "./auth";
import { Faults } from "./Faults";
import { type PageDefinition, pageAt, PAGES } from "./pages";
import { Link, navigate, usePlace } from "./router";
import { setTheme, type Theme, useTheme } from "./theme";
import { useTitlePart } from "./title";
import styles from "./Shell.module.css";

export function Shell() {
  const { t } = useTranslation();
  const { path } = usePlace();
  const { visitor, isExpired } = useAuth();
  const page = pageAt(path);
  const isLoggedIn = visitor.kind !== "anyone";
  const mustLogIn = page?.isPublic !== true && (!isLoggedIn || isExpired) && visitor.isUnreachable !== true;
  useEffect(() => {
    if (page !== undefined && mustLogIn) navigate(loginAddress(), { replace: true });
  }, [page, mustLogIn, path]);
  useTitlePart(1, page === undefined ? t("missing.title") : titleOf(page));
  const main = useFocusOnMove(page);
  return (
    <div className={cx(styles.shell, page?.isFull === true && styles.full)}>
      <a className={styles.skip} href="#main">
        {t("skip")}
      </a>
      <Bar page={page} />
      <OfflineNotice />
      <main id="main" ref={main} tabIndex={-1} className={styles.main}>
        <Content page={page} path={path} mustLogIn={mustLogIn} />
      </main>
      <Faults />
    </div>
  );
}

function Content({ page, path, mustLogIn }: { page: PageDefinition | undefined; path: string; mustLogIn: boolean }) {
  const { t } = useTranslation();
  const { visitor } = useAuth();
  if (page === undefined) return <NoSuchPage />;
  if (mustLogIn) return <Loading />;
  if (page.isPublic !== true && !may(visitor, page.permission)) {
    return (
      <EmptyState isPage icon="lock" title={t("error.forbidden.title")} action={<Link to="/public">{t("error.forbidden.public")}</Link>}>
        {t("error.forbidden.text")}
      </EmptyState>
    );
  }
  return (
    <ErrorBoundary of={path} isPage>
      <Suspense fallback={<Loading />}>
        <page.Content />
      </Suspense>
    </ErrorBoundary>
  );
}

function NoSuchPage() {
  const { t } = useTranslation();
  return (
    <EmptyState isPage icon="search" title={t("missing.title")} action={<Link to="/">{t("missing.home")}</Link>}>
      {t("missing.text")}
    </EmptyState>
  );
}

function titleOf(page: PageDefinition): string {
  return page.title[getLanguage()];
}

/** When another page opens, a screen reader begins at its content; not at the first one. */
function useFocusOnMove(page: PageDefinition | undefined) {
  const main = useRef<HTMLElement>(null);
  const last = useRef(page);
  useEffect(() => {
    if (last.current !== page) {
      main.current?.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
    last.current = page;
  }, [page]);
  return main;
}

function Bar({ page }: { page: PageDefinition | undefined }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  return (
    <header className={styles.bar}>
      <Link to="/" className={styles.brand}>
        <img src="/favicon.ico" alt="" width="32" height="32" />
        <span lang="ja">{t("brand")}</span>
        <span className="visually-hidden">{t("toFirst")}</span>
      </Link>
      <nav className={styles.nav} aria-label={t("nav")}>
        <PageLinks current={page} />
      </nav>
      <div className={styles.tools}>
        <LanguageButton />
        <ThemeButton />
        <Account />
      </div>
      <span className={styles.menu}>
        <IconButton icon="menu" label={t("menu")} aria-expanded={isOpen} onClick={() => setOpen(true)} />
      </span>
      {isOpen && (
        <Drawer title={t("menu")} onClose={() => setOpen(false)}>
          <nav className={styles.menuLinks} aria-label={t("nav")}>
            <PageLinks current={page} onFollow={() => setOpen(false)} />
          </nav>
          <div className={styles.menuTools}>
            <LanguageButton />
            <ThemeButton />
            <Account onLeave={() => setOpen(false)} />
          </div>
        </Drawer>
      )}
    </header>
  );
}

function PageLinks({ current, onFollow }: { current: PageDefinition | undefined; onFollow?: () => void }) {
  const { visitor } = useAuth();
  const { i18n } = useTranslation();
  const shown = PAGES.filter((page) => page.order !== undefined && (page.isPublic === true || (visitor.kind !== "anyone" && may(visitor, page.permission))));
  return (
    <ul key={i18n.resolvedLanguage}>
      {shown.map((page) => (
        <li key={page.path}>
          <Link to={`/${page.path}`} aria-current={page === current ? "page" : undefined} {...(onFollow && { onClick: onFollow })}>
            <Icon name={page.icon} />
            {titleOf(page)}
          </Link>
        </li>
      ))}
    </ul>
  );
}

function LanguageButton() {
  const { t } = useTranslation();
  const other = getLanguage() === "ja" ? "en" : "ja";
  return (
    <Button kind="quiet" lang={other} onClick={() => setLanguage(other)}>
      {t("otherLanguage")}
    </Button>
  );
}

const THEMES: readonly Theme[] = ["system", "light", "dark"];
const THEME_ICONS: Record<Theme, IconName> = { system: "system", light: "sun", dark: "moon" };

function ThemeButton() {
  const { t } = useTranslation();
  const theme = useTheme();
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
  const label = t("theme.label", { now: t(`theme.${theme}`), next: t(`theme.${next}`) });
  return <IconButton icon={THEME_ICONS[theme]} label={label} onClick={() => setTheme(next)} />;
}

function Account({ onLeave }: { onLeave?: () => void }) {
  const { t } = useTranslation();
  const { visitor, leave } = useAuth();
  const { path } = usePlace();
  if (visitor.kind === "open") return <span className={styles.who}>{t("account.open")}</span>;
  if (visitor.kind === "anyone") {
    if (path === "/login") return null;
    return <Link to={loginAddress()}>{t("account.login")}</Link>;
  }
  return (
    <span className={styles.account}>
      <span className={styles.who}>
        <Icon name="user" /> {visitor.shown ?? t("account.key")}
      </span>
      <Button
        kind="quiet"
        onClick={() => {
          onLeave?.(); // else the menu would stay over the login
          void leave();
        }}
      >
        {t(visitor.kind === "key" ? "account.forgetKey" : "account.logout")}
      </Button>
    </span>
  );
}
