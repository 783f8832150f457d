import { lazy } from "react";
import type { SectionDefinition } from "../../../app/sections";

export const section: SectionDefinition = {
  path: "grants",
  order: 6,
  title: { ja: "データの公開範囲", en: "Who may see what" },
  permission: "grants",
  Content: lazy(() => import("./Grants")),
};
