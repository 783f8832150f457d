import { lazy } from "react";
import type { SectionDefinition } from "../../../app/sections";

export const section: SectionDefinition = {
  path: "alarms",
  order: 5,
  title: { ja: "アラーム", en: "Alarms" },
  permission: "alarms",
  Content: lazy(() => import("./Alarms").then((module) => ({ default: module.Alarms }))),
};
