import { useTranslation } from "react-i18next";
import { SelectField, TextArea, TextField } from "../../../components/Field";
import { useProfiles } from "./asking";
import styles from "./List.module.css";
import type { Form, Member } from "./logic/edit";

interface Props {
  form: Form;
  flaws: readonly Member[];
  /** A gateway speaks for others: it has no profile. */
  isGateway: boolean;
  set: (changes: Partial<Form>) => void;
}

const MOST: Partial<Record<Member, number>> = { name: 200, owner: 200, serial: 100, tags: 2_000, latitude: 20, longitude: 20, interval: 12 };

export function EditFields({ form, flaws, isGateway, set }: Props) {
  const { t } = useTranslation("devices/list");
  const text = (member: Exclude<Member, "profile" | "notes">, hint?: string) => (
    <TextField
      label={t(`edit.${member}`)}
      hint={hint}
      maxLength={MOST[member]}
      inputMode={member === "latitude" || member === "longitude" || member === "interval" ? "decimal" : undefined}
      value={form[member]}
      onChange={(event) => set({ [member]: event.target.value })}
      {...(flaws.includes(member) && { error: t(`flaw.${member}`) })}
    />
  );
  return (
    <>
      {text("name")}
      {!isGateway && <ProfileField value={form.profile} onChange={(profile) => set({ profile })} />}
      <div className={styles.pair}>
        {text("latitude")}
        {text("longitude")}
      </div>
      {text("owner", t("edit.ownerHint"))}
      {text("tags", t("edit.tagsHint"))}
      {text("serial", t("edit.serialHint"))}
      {text("interval", t("edit.intervalHint"))}
      <TextArea label={t("edit.notes")} rows={3} maxLength={4_000} value={form.notes} onChange={(event) => set({ notes: event.target.value })} />
    </>
  );
}

function ProfileField({ value, onChange }: { value: string; onChange: (profile: string) => void }) {
  const { t } = useTranslation("devices/list");
  const { data } = useProfiles();
  const names = (data?.profiles ?? []) as unknown as readonly { name: string; title?: string | null }[];
  const isKnown = names.some((one) => one.name === value);
  return (
    <SelectField label={t("edit.profile")} hint={t("edit.profileHint")} value={value} onChange={(event) => onChange(event.target.value)}>
      {!isKnown && <option value={value}>{value}</option>}
      {names.map((one) => (
        <option key={one.name} value={one.name}>
          {one.title ?? one.name}
        </option>
      ))}
    </SelectField>
  );
}
