import { lazy } from "react";
import type { SectionDefinition } from "../../../app/sections";

export const section: SectionDefinition = {
  path: "",
  order: 1,
  title: { ja: "一覧", en: "List" },
  Content: lazy(() => import("./List").then((module) => ({ default: module.List }))),
};
