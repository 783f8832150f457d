import { lazy } from "react";
import type { SectionDefinition } from "../../../app/sections";

export const section: SectionDefinition = {
  path: "import",
  order: 2,
  title: { ja: "まとめて登録", en: "Register many" },
  permission: "devices:write",
  Content: lazy(() => import("./Import")),
};
