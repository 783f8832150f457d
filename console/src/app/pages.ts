/** The pages: each folder of src/pages has a `page.ts` that says where it is and how it is loaded (console/README.md). */

import type { ComponentType, LazyExoticComponent } from "react";
import type { IconName } from "../components/Icon";

export interface PageDefinition {
  /** The first part of its path; "" is the first page. The server knows it too: context_api/http/console_paths.py. */
  readonly path: string;
  /** Its place in the navigation; without one, it is not there. */
  readonly order?: number;
  readonly icon: IconName;
  readonly title: { readonly ja: string; readonly en: string };
  /** Whether somebody who is not logged in may open it. */
  readonly isPublic?: boolean;
  /** What its visitor needs (GET /api/v1/me, `permissions`); who lacks it does not see it in the navigation. */
  readonly permission?: string;
  /** Whether it fills the window and scrolls within itself (a map). */
  readonly isFull?: boolean;
  /** `lazy(() => import("./SomePage"))`: a page is loaded when it is opened. */
  readonly Content: LazyExoticComponent<ComponentType>;
}

const found = import.meta.glob<{ page: PageDefinition }>("../pages/*/page.ts", { eager: true });

export const PAGES: readonly PageDefinition[] = Object.values(found)
  .map((module) => module.page)
  .sort((one, other) => (one.order ?? 99) - (other.order ?? 99));

export function pageAt(path: string): PageDefinition | undefined {
  const first = path.split("/")[1] ?? "";
  return PAGES.find((page) => page.path === first);
}
