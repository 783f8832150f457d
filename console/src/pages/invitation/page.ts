import { lazy } from "react";
import type { PageDefinition } from "../../app/pages";

export const page: PageDefinition = {
  path: "invitation",
  icon: "lock",
  title: { ja: "招待", en: "Invitation" },
  isPublic: true,
  Content: lazy(() => import("./InvitationPage")),
};
