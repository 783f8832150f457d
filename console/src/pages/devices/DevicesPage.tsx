import { useTranslation } from "react-i18next";
import { inOrder, type SectionDefinition, Sections } from "../../app/sections";

const SECTIONS = inOrder(import.meta.glob<{ section: SectionDefinition }>("./*/section.ts", { eager: true }));

/** /devices: the list, with one of them open by `?id=`; /devices/new: the form; and what else is done with devices. */
export default function DevicesPage() {
  const { t } = useTranslation("devices");
  return <Sections base="devices" label={t("sections")} sections={SECTIONS} />;
}
