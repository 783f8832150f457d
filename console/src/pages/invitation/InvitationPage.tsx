import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { sendAsAnyone } from "../../api/client";
import { ApiError } from "../../api/errors";
import { problemText } from "../../api/said";
import type { components } from "../../api/schema";
import { useAuth } from "../../app/auth";
import { Link, navigate } from "../../app/router";
import { Button } from "../../components/Button";
import { TextField } from "../../components/Field";
import { Once } from "../../components/Once";
import { OwnWords } from "../../components/OwnWords";
import { Notice } from "../../components/states";
import { formatDate } from "../../format/times";
import styles from "./InvitationPage.module.css";

type Made = components["schemas"]["NewApiKey"];

/** The code of `/invitation#machi_invite_…`: behind the `#` no server sees it, and it is taken out of the address at once. */
function codeInAddress(): string {
  const code = decodeURIComponent(location.hash.slice(1));
  return code.startsWith("machi_invite_") ? code : "";
}

async function accept(code: string): Promise<Made> {
  const init = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ code: code.trim() }) };
  return (await (await sendAsAnyone("/api/v1/invitations/accept", init)).json()) as Made;
}

/** Exchanges the code of an invitation for a key, which nobody else sees. */
export default function InvitationPage() {
  const { t } = useTranslation("invitation");
  const [code, setCode] = useState(codeInAddress);
  useEffect(() => {
    if (location.hash !== "") history.replaceState(null, "", location.pathname + location.search);
  }, []);
  const accepting = useMutation({ mutationFn: () => accept(code), gcTime: 0 });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    accepting.mutate();
  };
  return (
    <div className={styles.page}>
      <h1>{t("title")}</h1>
      {accepting.data === undefined ? (
        <form className={styles.form} onSubmit={submit}>
          <p>{t("about")}</p>
          <TextField label={t("code")} required autoComplete="off" spellCheck={false} value={code} onChange={(event) => setCode(event.target.value)} />
          {accepting.isError && <Failure error={accepting.error} />}
          <div>
            <Button type="submit" kind="main" isBusy={accepting.isPending}>
              {t("accept")}
            </Button>
          </div>
        </form>
      ) : (
        <Taken made={accepting.data} />
      )}
    </div>
  );
}

function Failure({ error }: { error: unknown }) {
  const { t } = useTranslation("invitation");
  const { t: words } = useTranslation();
  const isVoid = error instanceof ApiError && error.status === 403;
  return <Notice kind="bad">{isVoid ? t("void") : t("failed", { detail: problemText(error, (kind) => words(`error.${kind}.title`)) })} <OwnWords error={error} /></Notice>;
}

function Taken({ made }: { made: Made }) {
  const { t } = useTranslation("invitation");
  const { enterKey } = useAuth();
  const entering = useMutation({ mutationFn: () => enterKey(made.key), onSuccess: () => navigate("/", { isSaved: true }) });
  return (
    <div className={styles.form}>
      <Notice kind="good">{made.expiresAt == null ? t("taken") : t("takenUntil", { date: formatDate(made.expiresAt) })}</Notice>
      <Once label={t("key")} rows={[{ label: t("key"), text: made.key }]} file="machi-key.txt">
        {t("keep")}
      </Once>
      <h2>{t("next")}</h2>
      <div className={styles.actions}>
        <Button kind="main" isBusy={entering.isPending} onClick={() => entering.mutate()}>
          {t("look")}
        </Button>
        <a href="/docs">{t("docs")}</a>
        <Link to="/public">{t("public")}</Link>
      </div>
      {entering.isError && <Failure error={entering.error} />}
    </div>
  );
}
