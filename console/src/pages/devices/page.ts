import { lazy } from "react";
import type { PageDefinition } from "../../app/pages";

export const page: PageDefinition = {
  path: "devices",
  order: 3,
  icon: "device",
  title: { ja: "デバイス", en: "Devices" },
  permission: "devices:own:read",
  Content: lazy(() => import("./DevicesPage")),
};
