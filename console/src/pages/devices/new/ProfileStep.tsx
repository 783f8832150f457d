import { useTranslation } from "react-i18next";
import { SelectField } from "../../../components/Field";
import { ErrorState, Loading } from "../../../components/states";
import { attributeName, typeName } from "../../../format/names";
import type { Form } from "../logic/draft";
import { type Listed, useProfile, useProfiles } from "./asking";
import styles from "./New.module.css";

export interface StepProps {
  form: Form;
  set: (changes: Partial<Form>) => void;
  /** Fields that keep the step from being left, or that the API refused. */
  flaws: readonly string[];
}

const MOST_SHOWN = 8;

/** What the device is: the profile says how its messages are read. */
export function ProfileStep({ form, set, flaws }: StepProps) {
  const { t } = useTranslation("devices/new");
  return (
    <>
      <ProfileField value={form.profile} onChange={(profile) => set({ profile })} hint={t("form.profileHint")} {...(flaws.includes("profile") && { error: t("flaw.profile") })} />
      <Measures profile={form.profile} />
    </>
  );
}

interface FieldProps {
  value: string;
  onChange: (profile: string) => void;
  hint?: string;
  error?: string;
  isOptional?: boolean;
}

/** The profiles there are, by what they measure. */
export function ProfileField({ value, onChange, hint, error, isOptional = false }: FieldProps) {
  const { t } = useTranslation("devices/new");
  const found = useProfiles();
  if (found.isPending) return <Loading />;
  if (found.isError) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />;
  const kinds = byKind(found.data);
  return (
    <SelectField label={t("form.profileLabel")} isOptional={isOptional} value={value} onChange={(event) => onChange(event.target.value)} {...(hint !== undefined && { hint })} {...(error !== undefined && { error })}>
      <option value="">{t("form.choose")}</option>
      {[...kinds].map(([kind, profiles]) => (
        <optgroup key={kind} label={kind}>
          {profiles.map((one) => (
            <option key={one.name} value={one.name}>
              {one.title == null ? one.name : `${one.title} (${one.name})`}
            </option>
          ))}
        </optgroup>
      ))}
    </SelectField>
  );
}

/** By what they measure, in the order in which the kinds come first. */
function byKind(profiles: readonly Listed[]): ReadonlyMap<string, readonly Listed[]> {
  const kinds = new Map<string, Listed[]>();
  for (const profile of profiles) {
    const kind = typeName(profile.entityType);
    kinds.set(kind, [...(kinds.get(kind) ?? []), profile]);
  }
  return kinds;
}

function Measures({ profile }: { profile: string }) {
  const { t } = useTranslation("devices/new");
  const { data } = useProfile(profile);
  if (data === undefined) return null;
  const fields = (data.fields ?? []) as unknown as readonly { readonly attribute: string }[];
  const names = [...new Set(fields.map((field) => attributeName(field.attribute)))];
  const what = names.slice(0, MOST_SHOWN).join(t("form.comma"));
  return (
    <p className={styles.soft}>
      {t("form.records", { what: typeName(data.entityType) })} {what}
      {names.length > MOST_SHOWN && ` ${t("form.andMore", { count: names.length - MOST_SHOWN })}`}
    </p>
  );
}
