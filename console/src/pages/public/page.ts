import { lazy } from "react";
import type { PageDefinition } from "../../app/pages";

export const page: PageDefinition = {
  path: "public",
  order: 9,
  icon: "public",
  title: { ja: "公開データ", en: "Open data" },
  isPublic: true,
  Content: lazy(() => import("./PublicPage")),
};
