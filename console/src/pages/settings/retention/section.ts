import { lazy } from "react";
import type { SectionDefinition } from "../../../app/sections";

export const section: SectionDefinition = {
  path: "retention",
  order: 22,
  title: { ja: "保存期間", en: "Retention" },
  permission: "settings:read",
  Content: lazy(() => import("./Retention")),
};
