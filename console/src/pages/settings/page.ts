import { lazy } from "react";
import type { PageDefinition } from "../../app/pages";

export const page: PageDefinition = {
  path: "settings",
  order: 5,
  icon: "settings",
  title: { ja: "設定", en: "Settings" },
  Content: lazy(() => import("./SettingsPage")),
};
