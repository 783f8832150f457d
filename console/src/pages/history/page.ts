import { lazy } from "react";
import type { PageDefinition } from "../../app/pages";

export const page: PageDefinition = {
  path: "history",
  order: 2,
  icon: "history",
  title: { ja: "履歴", en: "History" },
  Content: lazy(() => import("./HistoryPage")),
};
