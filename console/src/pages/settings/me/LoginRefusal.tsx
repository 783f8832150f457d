import { useTranslation } from "react-i18next";
import { ApiError, kindOf } from "../../../api/errors";
import { Notice } from "../../../components/states";
import { formatDuration } from "../../../format/times";
import { reasonOf } from "./logic/refusal";

/** Why something about one's login was refused, and what to do. */
export function LoginRefusal({ error, asked }: { error: unknown; asked: "change" | "proof" | "code" }) {
  const { t } = useTranslation("settings/me");
  const shell = useTranslation();
  const reason = reasonOf(error, asked);
  const time = formatDuration(error instanceof ApiError ? (error.retryAfter ?? 60) : 60);
  return <Notice kind="bad">{reason === "other" ? shell.t(`error.${kindOf(error)}.title`) : t(`refusal.${reason}`, { time })}</Notice>;
}
