/** Who there is: oneself, organisations, tenants. */

import { useQuery } from "@tanstack/react-query";
import { answer, api } from "../../../api/client";
import type { components } from "../../../api/schema";
import { pick } from "../../../format/language";

export type Me = components["schemas"]["Me"];
export type Organisation = components["schemas"]["Organisation"];
export type Role = components["schemas"]["ApiKey"]["role"];
export type Kind = Organisation["kind"];

export const useMe = () => useQuery({ queryKey: ["settings", "me"], queryFn: ({ signal }) => answer(api.GET("/api/v1/me", { signal })) });

/** The organisations that one may know of, without the public, which has no people and no keys. */
export const useOrganisations = () =>
  useQuery({
    queryKey: ["settings", "organisations", "with people"],
    queryFn: async ({ signal }) => {
      const found = await answer(api.GET("/api/v1/organisations", { signal }));
      return found.organisations.filter((one) => one.kind !== "public");
    },
  });

/** The names of the tenants that one opens. */
export const useTenants = () =>
  useQuery({
    queryKey: ["settings", "tenants"],
    queryFn: async ({ signal }) => (await answer(api.GET("/api/v1/tenants", { signal }))).tenants.map((one) => one.name),
  });

/** How people call an organisation. */
export function organisationName(one: { name?: string; nameJa?: string; nameEn?: string }): string {
  const [ja, en] = [one.nameJa ?? "", one.nameEn ?? ""];
  return pick([ja || en, en || ja]) || (one.name ?? "");
}
