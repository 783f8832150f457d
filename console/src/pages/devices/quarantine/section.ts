import { lazy } from "react";
import type { SectionDefinition } from "../../../app/sections";

// Who may not look and comes by an address is told why, on the page itself
export const section: SectionDefinition = {
  path: "quarantine",
  order: 4,
  linkedFor: "quarantine",
  title: { ja: "隔離されたメッセージ", en: "Quarantine" },
  Content: lazy(() => import("./Quarantine").then((module) => ({ default: module.Quarantine }))),
};
