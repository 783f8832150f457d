import { useTranslation } from "react-i18next";

export interface RoleWords {
  readonly name: (role: string) => string;
  /** What somebody of a role may do, in a sentence. */
  readonly sentence: (role: string) => string;
}

/** What the roles are called. */
export function useRoleWords(): RoleWords {
  const { t } = useTranslation("settings");
  return { name: (role) => t(`role.${role}`), sentence: (role) => t(`roleText.${role}`) };
}
