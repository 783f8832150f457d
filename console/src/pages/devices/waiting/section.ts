import { lazy } from "react";
import type { SectionDefinition } from "../../../app/sections";

export const section: SectionDefinition = {
  path: "waiting",
  order: 3,
  title: { ja: "承認待ち", en: "Waiting" },
  permission: "devices:read",
  Content: lazy(() => import("./Waiting")),
};
