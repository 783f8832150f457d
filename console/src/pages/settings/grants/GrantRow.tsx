import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "../../../app/router";
import { Button } from "../../../components/Button";
import { Confirm } from "../../../components/Confirm";
import { attributeName } from "../../../format/names";
import { formatDate } from "../../../format/times";
import { Badge } from "../organisations/Badge";
import { forget, takeBack, usePersonal } from "./asking";
import { type Grant, PUBLIC, stateOf } from "./logic/draft";
import { fromText, grantSentence, listed } from "./logic/sentence";
import styles from "./Grants.module.css";

/** One grant: what it says, what limits it, to change it or take it back. */
export function GrantRow({ grant, who, returnTo }: { grant: Grant; who: string; returnTo?: string }) {
  const { t } = useTranslation("settings/grants");
  const [isEnding, setEnding] = useState(false);
  const sentence = grantSentence(who, grant);
  const limits = useLimits(grant);
  const [now] = useState(() => Date.now());
  const state = stateOf(grant, now);
  const back = returnTo === undefined ? "" : `?return=${encodeURIComponent(returnTo)}`;
  return (
    <li>
      <div>
        <p>
          {state !== "valid" && <Badge kind={state === "ended" ? "bad" : "warn"}>{t(`state.${state}`)}</Badge>} {sentence}
        </p>
        {limits.length > 0 && (
          <ul className={styles.limits}>
            {limits.map((limit) => (
              <li key={limit}>{limit}</li>
            ))}
          </ul>
        )}
        <p className={styles.soft}>
          {t("row.number", { id: grant.id })}
          {grant.label !== "" && ` · ${grant.label}`} · {t("row.since", { date: formatDate(grant.createdAt) })}
        </p>
      </div>
      <div className={styles.actions}>
        <Link className={styles.button} to={`/settings/grants/${grant.id}${back}`} aria-label={t("row.changeOne", { id: grant.id })}>
          {t("row.change")}
        </Link>
        <Button kind="danger" aria-label={t("row.backOne", { id: grant.id })} onClick={() => setEnding(true)}>
          {t("row.back")}
        </Button>
      </div>
      {isEnding && <TakeBack grant={grant} sentence={sentence} onClose={() => setEnding(false)} />}
    </li>
  );
}

/** What the sentence does not say. */
function useLimits(grant: Grant): string[] {
  const { t } = useTranslation("settings/grants");
  const marks = usePersonal();
  const personal = (marks.data ?? []).filter((one) => grant.types?.includes(one.type) ?? true).flatMap((one) => one.personal);
  const hidden = personal.filter((name) => grant.attributes?.includes(name) ?? true);
  return [
    ...(grant.area === undefined ? [] : [t("limit.area")]),
    ...(grant.scopes === undefined ? [] : [t("limit.scopes", { scopes: grant.scopes })]),
    ...(grant.historyFrom === undefined ? [] : [t("limit.history", { from: fromText(grant.historyFrom) })]),
    ...(grant.personal ? [t("limit.personal")] : hidden.length > 0 ? [t("limit.hidden", { names: listed([...new Set(hidden.map(attributeName))]) })] : []),
  ];
}

function TakeBack({ grant, sentence, onClose }: { grant: Grant; sentence: string; onClose: () => void }) {
  const { t } = useTranslation("settings/grants");
  const queries = useQueryClient();
  const ending = useMutation({
    mutationFn: () => takeBack(grant.id),
    onSuccess: async () => {
      await forget(queries);
      onClose();
    },
  });
  const isPublic = grant.organisation === PUBLIC;
  return (
    <Confirm title={t("end.title")} yes={t("end.yes")} onYes={() => ending.mutate()} onClose={onClose} isBusy={ending.isPending} error={ending.error}>
      <p>{sentence}</p>
      <ul>
        <li>{t(isPublic ? "end.public" : "end.atOnce")}</li>
        {!isPublic && grant.operations.includes("subscribe") && <li>{t("end.subscriptions")}</li>}
        <li>{t("end.others")}</li>
      </ul>
    </Confirm>
  );
}
