import { lazy } from "react";
import type { SectionDefinition } from "../../../app/sections";

// Without a permission here: who may not look is told why, on the page itself
export const section: SectionDefinition = {
  path: "quarantine",
  order: 4,
  title: { ja: "隔離されたメッセージ", en: "Quarantine" },
  Content: lazy(() => import("./Quarantine").then((module) => ({ default: module.Quarantine }))),
};
