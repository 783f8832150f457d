import { lazy } from "react";
import type { SectionDefinition } from "../../../app/sections";

export const section: SectionDefinition = {
  path: "usage",
  order: 21,
  title: { ja: "利用状況", en: "Usage" },
  permission: "usage",
  Content: lazy(() => import("./Usage")),
};
