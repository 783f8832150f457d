import { lazy } from "react";
import type { PageDefinition } from "../../app/pages";

export const page: PageDefinition = {
  path: "login",
  icon: "lock",
  title: { ja: "ログイン", en: "Log in" },
  isPublic: true,
  Content: lazy(() => import("./LoginPage")),
};
