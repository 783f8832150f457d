import { useTranslation } from "react-i18next";

export default function LivePage() {
  const { t } = useTranslation("live");
  return <h1>{t("title")}</h1>;
}
