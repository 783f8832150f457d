import { lazy } from "react";
import type { SectionDefinition } from "../../../app/sections";

export const section: SectionDefinition = {
  path: "new",
  title: { ja: "デバイスの登録", en: "Register a device" },
  permission: "devices:own:write",
  Content: lazy(() => import("./Register")),
};
