import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { getTenant } from "../../../api/credentials";
import { ApiError } from "../../../api/errors";
import { problemText } from "../../../api/said";
import { navigate } from "../../../app/router";
import { useUnsaved } from "../../../app/unsaved";
import { Button } from "../../../components/Button";
import { Choice, TextField } from "../../../components/Field";
import { OwnWords } from "../../../components/OwnWords";
import { Notice } from "../../../components/states";
import { createOrganisation, forget, useOrganisations, useTenants } from "./asking";
import { isName, proposeName } from "./logic/naming";
import styles from "./Organisations.module.css";
import { TenantField } from "./TenantField";

type Kind = "partner" | "operator" | "town";

/** Who is new: what they are called is enough to begin with. */
export function NewOrganisation() {
  const { t } = useTranslation("settings/organisations");
  const { t: words } = useTranslation();
  const queries = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const known = useOrganisations();
  const tenants = useTenants();
  const [kind, setKind] = useState<Kind>("partner");
  const [texts, setTexts] = useState({ nameJa: "", nameEn: "", contact: "" });
  const [ownName, setOwnName] = useState<string>();
  const [chosen, setChosen] = useState<readonly string[]>();
  const [isTried, setTried] = useState(false);
  const taken = new Set((known.data ?? []).map((one) => one.name));
  const name = ownName ?? proposeName([texts.nameEn, texts.nameJa], kind, taken);
  const opened = chosen ?? firstTenants((tenants.data ?? []).map((one) => one.name));
  const isNameless = texts.nameJa.trim() === "" && texts.nameEn.trim() === "";
  const saving = useMutation({
    mutationFn: () => createOrganisation({ name, kind, nameJa: texts.nameJa.trim(), nameEn: texts.nameEn.trim(), contact: texts.contact.trim(), tenants: [...opened] }),
    onSuccess: async (made) => {
      await forget(queries);
      navigate(`/settings/organisations/${made.name}?new=1`, { isSaved: true });
    },
  });
  useUnsaved((!isNameless || texts.contact !== "") && !saving.isSuccess);
  const isTaken = saving.error instanceof ApiError && saving.error.status === 409;
  const nameError = isTried && !isName(name) ? t("form.nameWrong") : isTaken ? t("form.nameTaken") : undefined;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setTried(true);
    if (!isNameless && isName(name)) saving.mutate();
    else setTimeout(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
  };
  const text = (member: keyof typeof texts) => ({ value: texts[member], maxLength: 200, onChange: (event: { target: { value: string } }) => setTexts({ ...texts, [member]: event.target.value }) });
  return (
    <form ref={form} className={styles.section} onSubmit={submit} noValidate aria-labelledby="new-organisation">
      <h2 id="new-organisation">{t("form.titleNew")}</h2>
      <Choice label={t("form.kind")} value={kind} options={(["partner", "operator", "town"] as const).map((one) => ({ value: one, label: t(`kind.${one}`) }))} onChange={setKind} />
      <p className={styles.soft}>{t(`kindHint.${kind}`)}</p>
      <div className={styles.pair}>
        <TextField label={t("form.nameJa")} {...text("nameJa")} {...(isTried && isNameless && { error: t("form.nameMissing") })} />
        <TextField label={t("form.nameEn")} isOptional {...text("nameEn")} />
      </div>
      <TextField label={t("form.contact")} hint={t("form.contactHint")} isOptional {...text("contact")} />
      <details className={styles.more} open={nameError !== undefined || undefined}>
        <summary>{t("form.more", { name })}</summary>
        <div className={styles.inner}>
          <TextField label={t("form.name")} hint={t("form.nameHint")} value={name} spellCheck={false} maxLength={63} {...(nameError !== undefined && { error: nameError })} onChange={(event) => setOwnName(event.target.value)} />
          <TenantField known={(tenants.data ?? []).map((one) => one.name)} value={opened} onChange={setChosen} />
        </div>
      </details>
      {saving.isError && !isTaken && <Notice kind="bad">{t("failed", { detail: problemText(saving.error, (one) => words(`error.${one}.title`)) })} <OwnWords error={saving.error} /></Notice>}
      <div className={styles.actions}>
        <Button type="submit" kind="main" isBusy={saving.isPending}>
          {t("form.create")}
        </Button>
        <Button onClick={() => navigate("/settings/organisations")}>{t("form.cancel")}</Button>
      </div>
    </form>
  );
}

/** The tenant one works in, else the usual one, else the only one. */
function firstTenants(known: readonly string[]): readonly string[] {
  const own = getTenant() ?? "default";
  return known.includes(own) || known.length === 0 ? [own] : known.slice(0, 1);
}
