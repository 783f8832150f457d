import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../../api/errors";
import { problemText } from "../../api/said";
import { attributeName, plainId } from "../../format/names";
import { formatCount } from "../../format/numbers";
import { showValue } from "../../format/units";
import { preview } from "./asking";
import { Json } from "./Json";
import { type Draft, writeDraft, writeSelection } from "./logic/draft";
import styles from "./Subscriptions.module.css";

const PAUSE_MS = 400;
const HIDDEN = new Set(["id", "type", "name", "location", "scope"]);

/** How many match the draft now, counted while it is written. */
export function Preview({ draft }: { draft: Draft }) {
  const { t } = useTranslation("subscriptions");
  const shell = useTranslation();
  const selection = useMemo(() => writeSelection(draft), [draft]);
  const asked = useLater(selection === undefined ? undefined : JSON.stringify(selection));
  const found = useQuery({
    queryKey: ["subscriptions", "preview", asked],
    queryFn: ({ signal }) => preview(JSON.parse(asked ?? "{}"), signal),
    enabled: asked !== undefined,
    placeholderData: (before) => before,
    staleTime: 10_000,
  });
  return (
    <aside className={styles.preview} aria-labelledby="preview">
      <h2 id="preview">{t("preview.title")}</h2>
      <div role="status" aria-busy={found.isFetching}>
        {selection === undefined && <p>{t("preview.empty")}</p>}
        {selection !== undefined && found.isPending && <p>{t("preview.counting")}</p>}
        {selection !== undefined && found.data !== undefined && !found.isError && <p className={styles.count}>{countText(found.data.count, t)}</p>}
        {found.isError && (
          <p className={styles.error}>
            {found.error instanceof ApiError && [400, 403].includes(found.error.status)
              ? t("preview.wrong", { detail: problemText(found.error, (kind) => shell.t(`error.${kind}.title`)) })
              : t("preview.failed")}
          </p>
        )}
      </div>
      {selection !== undefined && !found.isError && (
        <ul className={styles.samples}>
          {found.data?.samples.map((one) => (
            <li key={one.id}>
              <strong>{typeof one.name === "string" ? one.name : plainId(one.id)}</strong>
              <span className={styles.soft}>
                {Object.entries(one)
                  .filter(([name]) => !HIDDEN.has(name))
                  .slice(0, 3)
                  .map(([name, value]) => `${attributeName(name)} ${showValue(name, value).text}`)
                  .join(" · ")}
              </span>
            </li>
          ))}
        </ul>
      )}
      <p className={styles.soft}>{t("preview.note")}</p>
      <Json label={t("preview.json")} value={writeDraft(hidden(draft))} />
    </aside>
  );
}

function countText(count: number | null | undefined, t: ReturnType<typeof useTranslation<"subscriptions">>["t"]): string {
  if (count === null || count === undefined) return t("preview.open");
  return count === 0 ? t("preview.none") : t("preview.count", { count: formatCount(count) as unknown as number });
}

/** Secrets stay where they were typed. */
function hidden(draft: Draft): Draft {
  const mask = (text: string) => (text === "" ? "" : "********");
  return { ...draft, headerValue: mask(draft.headerValue), secret: mask(draft.secret) };
}

/** The value, once it has rested for a moment. */
function useLater<T>(value: T): T {
  const [later, setLater] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLater(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return later;
}
