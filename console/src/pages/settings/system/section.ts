import { lazy } from "react";
import type { SectionDefinition } from "../../../app/sections";

export const section: SectionDefinition = {
  path: "system",
  order: 20,
  title: { ja: "システムの状態", en: "System health" },
  permission: "metrics",
  Content: lazy(() => import("./System")),
};
