import { useTranslation } from "react-i18next";
import { may } from "../../../api/session";
import { useAuth } from "../../../app/auth";
import { SelectField, TextField } from "../../../components/Field";
import { useOrganisations } from "./asking";
import type { StepProps } from "./ProfileStep";

/** What it is called, and whose it is. */
export function NameStep({ form, set, flaws }: StepProps) {
  const { t } = useTranslation("devices/new");
  const { visitor } = useAuth();
  return (
    <>
      <TextField
        label={t("form.id")}
        hint={t("form.idHint")}
        autoComplete="off"
        maxLength={64}
        value={form.id}
        onChange={(event) => set({ id: event.target.value })}
        {...(flaws.includes("id") && { error: t("flaw.id") })}
        {...(flaws.includes("taken") && { error: t("flaw.taken") })}
      />
      <TextField
        label={t("form.nameLabel")}
        hint={t("form.nameHint")}
        isOptional
        maxLength={200}
        value={form.name}
        onChange={(event) => set({ name: event.target.value })}
        {...(flaws.includes("name") && { error: t("flaw.name") })}
      />
      {/* Who keeps devices for an organisation registers them for it, whatever is written here */}
      {may(visitor, "devices:write") && <OwnerField form={form} set={set} flaws={flaws} />}
    </>
  );
}

/** The organisations there are; where there are none or they cannot be listed, the id is written. */
function OwnerField({ form, set, flaws }: StepProps) {
  const { t } = useTranslation("devices/new");
  const found = useOrganisations(true);
  const organisations = found.data?.organisations ?? [];
  const error = flaws.includes("owner") && { error: t("flaw.owner") };
  if (organisations.length === 0) {
    return (
      <TextField label={t("form.owner")} hint={t("form.ownerHint")} isOptional maxLength={63} value={form.owner} onChange={(event) => set({ owner: event.target.value })} {...error} />
    );
  }
  return (
    <SelectField label={t("form.owner")} isOptional value={form.owner} onChange={(event) => set({ owner: event.target.value })} {...error}>
      <option value="">{t("form.noOwner")}</option>
      {organisations.map((one) => (
        <option key={one.name} value={one.name}>
          {one.nameJa ?? one.name}
        </option>
      ))}
    </SelectField>
  );
}
