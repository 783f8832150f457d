/**
 * A page of several sections: each folder of it with a `section.ts` is one, at a path of its own (`/settings/usage`),
 * loaded when it is opened, with a place in the page's own navigation.
 */

import { type ComponentType, type LazyExoticComponent, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { may } from "../api/session";
import { cx } from "../components/cx";
import { ErrorBoundary } from "../components/ErrorBoundary";
import { EmptyState, Loading } from "../components/states";
import { getLanguage } from "../i18n";
import { useAuth } from "./auth";
import { Link, usePlace } from "./router";
import { useTitlePart } from "./title";
import styles from "./sections.module.css";

export interface SectionDefinition {
  /** The second part of its address; "" is the page's first. */
  readonly path: string;
  /** Its place in the page's navigation; without one, it is not there. */
  readonly order?: number;
  readonly title: { readonly ja: string; readonly en: string };
  /** What its visitor needs (GET /api/v1/me, `permissions`); who lacks it does not see it. */
  readonly permission?: string;
  /** As `permission`, for a section that tells those who come by an address why they may not look: nobody else is led there. */
  readonly linkedFor?: string;
  readonly Content: LazyExoticComponent<ComponentType>;
}

/** What `import.meta.glob("./*\/section.ts", { eager: true })` found, in order. */
export function inOrder(found: Readonly<Record<string, { section: SectionDefinition }>>): readonly SectionDefinition[] {
  return Object.values(found)
    .map((module) => module.section)
    .sort((one, other) => (one.order ?? 99) - (other.order ?? 99));
}

/** The navigation of a page's sections, and the one that is open: its headings begin at h2 below a `title`, else at h1. `base`: the page's path. */
export function Sections({ base, title, label, sections }: { base: string; title?: string; label: string; sections: readonly SectionDefinition[] }) {
  const { visitor } = useAuth();
  const { path } = usePlace();
  const asked = path.split("/")[2] ?? "";
  const open = sections.find((section) => section.path === asked);
  useTitlePart(2, open?.path === "" ? undefined : open?.title[getLanguage()]);
  const shown = sections.filter((section) => section.order !== undefined && may(visitor, section.permission) && may(visitor, section.linkedFor));
  return (
    <div className={styles.page}>
      {title !== undefined && <h1>{title}</h1>}
      {shown.length > 1 && (
        <nav className={styles.nav} aria-label={label}>
          {shown.map((section) => (
            <Link
              key={section.path}
              to={section.path === "" ? `/${base}` : `/${base}/${section.path}`}
              className={cx(styles.link, section === open && styles.open)}
              aria-current={section === open ? "page" : undefined}
            >
              {section.title[getLanguage()]}
            </Link>
          ))}
        </nav>
      )}
      <div className={styles.content}>
        <Open section={open} path={path} base={base} hasTitle={title !== undefined} />
      </div>
    </div>
  );
}

function Open({ section, path, base, hasTitle }: { section: SectionDefinition | undefined; path: string; base: string; hasTitle: boolean }) {
  const { t } = useTranslation();
  const { visitor } = useAuth();
  if (section === undefined) {
    return (
      <EmptyState isPage={!hasTitle} icon="search" title={t("missing.title")} action={<Link to={`/${base}`}>{t("missing.back")}</Link>}>
        {t("missing.text")}
      </EmptyState>
    );
  }
  if (!may(visitor, section.permission)) {
    return (
      <EmptyState isPage={!hasTitle} icon="lock" title={t("error.forbidden.title")}>
        {t("error.forbidden.text")}
      </EmptyState>
    );
  }
  return (
    <ErrorBoundary of={path} isPage={!hasTitle}>
      <Suspense fallback={<Loading />}>
        <section.Content />
      </Suspense>
    </ErrorBoundary>
  );
}
