import { lazy } from "react";
import type { SectionDefinition } from "../../../app/sections";

export const section: SectionDefinition = {
  path: "",
  order: 1,
  title: { ja: "あなた", en: "You" },
  Content: lazy(() => import("./Me")),
};
