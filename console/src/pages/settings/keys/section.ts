import { lazy } from "react";
import type { SectionDefinition } from "../../../app/sections";

export const section: SectionDefinition = {
  path: "keys",
  order: 2,
  title: { ja: "API の鍵", en: "API keys" },
  permission: "keys",
  Content: lazy(() => import("./Keys")),
};
