import { lazy } from "react";
import type { PageDefinition } from "../../app/pages";

export const page: PageDefinition = {
  path: "subscriptions",
  order: 4,
  icon: "subscribe",
  title: { ja: "購読", en: "Subscriptions" },
  Content: lazy(() => import("./SubscriptionsPage")),
};
