import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { problemText } from "../../../api/said";
import { useUnsaved } from "../../../app/unsaved";
import { Button } from "../../../components/Button";
import { TextField } from "../../../components/Field";
import { OwnWords } from "../../../components/OwnWords";
import { Notice } from "../../../components/states";
import { changeOrganisation, forget, type Organisation, useTenants } from "./asking";
import styles from "./Organisations.module.css";
import { TenantField } from "./TenantField";

/** What one is called, and where to write to. */
export function ChangeForm({ one }: { one: Organisation }) {
  const { t } = useTranslation("settings/organisations");
  const { t: words } = useTranslation();
  const queries = useQueryClient();
  const known = useTenants();
  const before = { nameJa: one.nameJa ?? "", nameEn: one.nameEn ?? "", contact: one.contact ?? "" };
  const [texts, setTexts] = useState(before);
  const [tenants, setTenants] = useState<readonly string[]>();
  const isChanged = tenants !== undefined || JSON.stringify(texts) !== JSON.stringify(before);
  const saving = useMutation({
    mutationFn: () => changeOrganisation(one.name, { nameJa: texts.nameJa.trim(), nameEn: texts.nameEn.trim(), contact: texts.contact.trim(), ...(tenants !== undefined && { tenants: [...tenants] }) }),
    onSuccess: () => forget(queries),
  });
  useUnsaved(isChanged && !saving.isPending);
  const text = (member: keyof typeof texts) => ({ value: texts[member], maxLength: 200, onChange: (event: { target: { value: string } }) => setTexts({ ...texts, [member]: event.target.value }) });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    saving.mutate();
  };
  return (
    <details className={styles.section}>
      <summary>{t("form.titleChange")}</summary>
      <form className={styles.inner} onSubmit={submit}>
        <div className={styles.pair}>
          <TextField label={t("form.nameJa")} {...text("nameJa")} />
          <TextField label={t("form.nameEn")} {...text("nameEn")} />
        </div>
        <TextField label={t("form.contact")} hint={t("form.contactHint")} {...text("contact")} />
        {one.tenants != null && <TenantField known={(known.data ?? []).map((each) => each.name)} value={tenants ?? one.tenants} onChange={setTenants} />}
        {saving.isError && <Notice kind="bad">{t("failed", { detail: problemText(saving.error, (kind) => words(`error.${kind}.title`)) })} <OwnWords error={saving.error} /></Notice>}
        <div>
          <Button type="submit" kind="main" disabled={!isChanged} isBusy={saving.isPending}>
            {t("form.save")}
          </Button>
        </div>
      </form>
    </details>
  );
}
