import { useTranslation } from "react-i18next";
import { inOrder, type SectionDefinition, Sections } from "../../app/sections";

const SECTIONS = inOrder(import.meta.glob<{ section: SectionDefinition }>("./*/section.ts", { eager: true }));

/** What one may set, and see of the installation: a section each. */
export default function SettingsPage() {
  const { t } = useTranslation("settings");
  return <Sections base="settings" title={t("title")} label={t("sections")} sections={SECTIONS} />;
}
