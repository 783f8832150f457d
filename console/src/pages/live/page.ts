import { lazy } from "react";
import type { PageDefinition } from "../../app/pages";

export const page: PageDefinition = {
  path: "",
  order: 1,
  icon: "map",
  title: { ja: "まちの今", en: "The town now" },
  permission: "entities:read",
  isFull: true,
  Content: lazy(() => import("./LivePage")),
};
