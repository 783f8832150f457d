import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { problemText } from "../../../api/said";
import { attributeName, plainId, typeName } from "../../../format/names";
import { formatCount } from "../../../format/numbers";
import { useOrganisations } from "../organisations/asking";
import { type Seen, usePersonal, useSeen } from "./asking";
import { type Draft, writeSelection, writeTerms } from "./logic/draft";
import { grantSentence, listed, organisationName } from "./logic/sentence";
import styles from "./Grants.module.css";

const PAUSE_MS = 400;
const SHOWN = 5;

/** In a sentence what is about to be granted, and how many places that is now. */
export function Preview({ draft }: { draft: Draft }) {
  const { t } = useTranslation("settings/grants");
  const { t: words } = useTranslation();
  const organisations = useOrganisations();
  const selection = useMemo(() => writeSelection(draft), [draft]);
  const asked = useLater(selection === undefined ? undefined : JSON.stringify(selection));
  const seen = useSeen(asked);
  const holder = organisations.data?.find((one) => one.name === draft.organisation);
  const who = draft.key !== "" ? `${t("who.key")} ${draft.key}` : holder === undefined ? t("preview.somebody") : organisationName(holder);
  const isWhole = selection !== undefined && draft.operations.length > 0;
  return (
    <aside className={styles.preview} aria-labelledby="preview">
      <h3 id="preview">{t("preview.title")}</h3>
      <p className={styles.sentence}>{isWhole ? grantSentence(who, writeTerms(draft)) : t("preview.empty")}</p>
      <div role="status" aria-busy={seen.isFetching}>
        {selection !== undefined && seen.data !== undefined && !seen.isError && <p className={styles.count}>{countText(seen.data, t)}</p>}
        {selection !== undefined && seen.isPending && <p className={styles.soft}>{t("preview.counting")}</p>}
        {seen.isError && <p className={styles.error}>{t("preview.failed", { detail: problemText(seen.error, (kind) => words(`error.${kind}.title`)) })}</p>}
      </div>
      {selection !== undefined && !seen.isError && (
        <ul className={styles.samples}>
          {seen.data?.samples.slice(0, SHOWN).map((one) => (
            <li key={one.id}>
              <strong>{typeof one.name === "string" ? one.name : plainId(one.id)}</strong> <span className={styles.soft}>{typeName(typeof one.type === "string" ? one.type : (one.type[0] ?? ""))}</span>
            </li>
          ))}
        </ul>
      )}
      <Hidden draft={draft} />
      <p className={styles.soft}>{t("preview.note")}</p>
    </aside>
  );
}

function Hidden({ draft }: { draft: Draft }) {
  const { t } = useTranslation("settings/grants");
  const marks = usePersonal();
  const personal = (marks.data ?? []).filter((one) => draft.isAnyType || draft.types.includes(one.type)).flatMap((one) => one.personal);
  const names = [...new Set(personal)].filter((name) => draft.attributes.length === 0 || draft.attributes.includes(name));
  if (names.length === 0 || draft.personal) return null;
  return <p className={styles.soft}>{t("limit.hidden", { names: listed(names.map(attributeName)) })}</p>;
}

function countText(seen: Seen, t: ReturnType<typeof useTranslation<"settings/grants">>["t"]): string {
  if (seen.count === null || seen.count === undefined) return t("preview.many");
  return seen.count === 0 ? t("preview.none") : t("preview.count", { count: seen.count, shown: formatCount(seen.count) });
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
