import { useTranslation } from "react-i18next";
import { TextField } from "../../../components/Field";
import { PlaceFields } from "./PlaceFields";
import { ProfileField, type StepProps } from "./ProfileStep";

/** All of the form at once, for a device that is there already and waits to be registered. */
export function DeviceFields({ form, set, flaws }: StepProps) {
  const { t } = useTranslation("devices/new");
  const idFlaw = flaws.includes("taken") ? t("flaw.taken") : flaws.includes("id") ? t("flaw.id") : undefined;
  return (
    <>
      <ProfileField value={form.profile} onChange={(profile) => set({ profile })} {...(flaws.includes("profile") && { error: t("flaw.profile") })} />
      <TextField label={t("form.id")} hint={t("form.idHint")} autoComplete="off" maxLength={64} value={form.id} onChange={(event) => set({ id: event.target.value })} {...(idFlaw !== undefined && { error: idFlaw })} />
      <TextField label={t("form.nameLabel")} hint={t("form.nameHint")} isOptional maxLength={200} value={form.name} onChange={(event) => set({ name: event.target.value })} />
      <PlaceFields form={form} set={set} flaws={flaws} />
    </>
  );
}
