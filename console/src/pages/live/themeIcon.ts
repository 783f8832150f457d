import type { IconName } from "../../components/Icon";
import type { Theme } from "../../format/names";

const ICONS: Readonly<Record<Theme, IconName>> = {
  environment: "air",
  traffic: "traffic",
  people: "people",
  water: "water",
  energy: "energy",
  other: "other",
};

export const themeIcon = (theme: Theme): IconName => ICONS[theme];
