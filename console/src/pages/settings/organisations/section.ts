import { lazy } from "react";
import type { SectionDefinition } from "../../../app/sections";

export const section: SectionDefinition = {
  path: "organisations",
  order: 5,
  title: { ja: "組織", en: "Organisations" },
  permission: "keys",
  Content: lazy(() => import("./Organisations")),
};
