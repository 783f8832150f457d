import { lazy } from "react";
import type { SectionDefinition } from "../../../app/sections";

export const section: SectionDefinition = {
  path: "accounts",
  order: 3,
  title: { ja: "利用者", en: "People" },
  permission: "accounts",
  Content: lazy(() => import("./Accounts")),
};
