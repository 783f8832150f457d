import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { organisationName, useOrganisations } from "../people/asking";

/** How people call the organisations of a report; its own name where nothing else is known. */
export function useOrganisationNames(): (name: string | null) => string {
  const { t } = useTranslation("settings/usage");
  const { data } = useOrganisations();
  return useMemo(() => {
    const known = new Map((data ?? []).map((one) => [one.name, organisationName(one)]));
    return (name) => (name === null || name === "public" ? t("nobody") : (known.get(name) ?? name));
  }, [data, t]);
}
