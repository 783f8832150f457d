import { useTranslation } from "react-i18next";
import { Once } from "../../../components/Once";

export interface Shown {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly topic?: string | undefined;
  readonly url?: string | undefined;
}

/** What a device logs in with, shown this once. */
export function Login({ id, shown }: { id: string; shown: Shown }) {
  const { t } = useTranslation("devices/new");
  const rows = (["username", "password", "topic", "url"] as const).flatMap((name) => {
    const text = shown[name];
    return text === undefined ? [] : [{ label: t(`login.${name}`), text }];
  });
  return (
    <Once label={t("login.label", { id })} rows={rows} file={`${id}.txt`}>
      {t("login.use")}
    </Once>
  );
}
