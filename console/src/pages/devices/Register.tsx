import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../../api/errors";
import { may } from "../../api/session";
import { useAuth } from "../../app/auth";
import { Link, navigate } from "../../app/router";
import { Button } from "../../components/Button";
import { Download } from "../../components/Download";
import { SelectField, TextField } from "../../components/Field";
import { EmptyState, ErrorState, Loading, Notice } from "../../components/states";
import { typeName } from "../../format/names";
import { forget, register, type Registered, useProfile, useProfiles } from "./asking";
import styles from "./Devices.module.css";
import { draftOf, EMPTY, type Flaw, flawsOf, type Form, type Step, STEPS } from "./logic/draft";
import { Mapping } from "./Mapping";
import { Secret } from "./Secret";

/** One device in three steps: what it is, where it is, what it is called. */
export function Register() {
  const { t } = useTranslation("devices");
  const { visitor } = useAuth();
  const [made, setMade] = useState<Registered>();
  if (!may(visitor, "devices:own:write")) {
    return (
      <EmptyState icon="lock" title={t("form.forbiddenTitle")} action={<Link to="/devices">{t("form.back")}</Link>}>
        {t("form.forbiddenText")}
      </EmptyState>
    );
  }
  return (
    <>
      <p>
        <Link to="/devices">{t("form.back")}</Link>
      </p>
      {made === undefined ? <Steps onMade={setMade} /> : <Made made={made} onAgain={() => setMade(undefined)} />}
    </>
  );
}

function Made({ made, onAgain }: { made: Registered; onAgain: () => void }) {
  const { t } = useTranslation("devices");
  const shown = made.mqtt;
  return (
    <section className={styles.section} aria-labelledby="made">
      <h1 id="made">{t("made.title", { id: made.id })}</h1>
      <Notice kind="good">{t("made.text")}</Notice>
      {shown != null && <Secret shown={shown} />}
      <div className={styles.actions}>
        <Download path={`/api/v1/devices/labels.pdf?ids=${encodeURIComponent(made.id)}`} name={`${made.id}.pdf`}>
          {t("detail.label")}
        </Download>
        <Button onClick={onAgain}>{t("made.again")}</Button>
        <Button kind="main" onClick={() => navigate(`/devices?id=${encodeURIComponent(made.id)}`)}>
          {t("made.open")}
        </Button>
      </div>
    </section>
  );
}

function Steps({ onMade }: { onMade: (made: Registered) => void }) {
  const { t } = useTranslation("devices");
  const queries = useQueryClient();
  const [form, setForm] = useState<Form>(EMPTY);
  const [step, setStep] = useState<Step>("profile");
  const [isTried, setTried] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const number = STEPS.indexOf(step);
  const flaws = isTried ? flawsOf(form, step) : [];
  const registering = useMutation({
    mutationFn: () => register(draftOf(form)),
    gcTime: 0,
    onSuccess: (made) => {
      onMade(made);
      void forget(queries);
    },
  });
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) heading.current?.focus();
    first.current = false;
  }, [step]);
  const go = (to: Step | undefined) => {
    setTried(false);
    if (to !== undefined) setStep(to);
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (flawsOf(form, step).length > 0) setTried(true);
    else if (step === "name") registering.mutate();
    else go(STEPS[number + 1]);
  };
  const set = (changes: Partial<Form>) => setForm((before) => ({ ...before, ...changes }));
  return (
    <>
      <h1>{t("form.title")}</h1>
      <ol className={styles.steps} aria-label={t("form.steps")}>
        {STEPS.map((one, index) => (
          <li key={one} aria-current={one === step ? "step" : undefined}>
            {index + 1}. {t(`form.${one}`)}
          </li>
        ))}
      </ol>
      <div className={styles.columns}>
        <form className={styles.section} noValidate onSubmit={submit}>
          <h2 ref={heading} tabIndex={-1}>
            {t("form.step", { number: number + 1, of: STEPS.length, name: t(`form.${step}`) })}
          </h2>
          {step === "profile" && <ProfileStep form={form} set={set} flaws={flaws} />}
          {step === "place" && <PlaceStep form={form} set={set} flaws={flaws} />}
          {step === "name" && <NameStep form={form} set={set} flaws={flaws} />}
          {registering.isError && (
            <Notice kind="bad">
              {t(registering.error instanceof ApiError && registering.error.status === 409 ? "form.taken" : "form.failed")}{" "}
              <span lang="en">{registering.error.message}</span>
            </Notice>
          )}
          <div className={styles.actions}>
            {number > 0 && <Button onClick={() => go(STEPS[number - 1])}>{t("form.before")}</Button>}
            <Button type="submit" kind="main" isBusy={registering.isPending}>
              {t(step === "name" ? "form.register" : "form.next")}
            </Button>
          </div>
        </form>
        <Mapping key={form.profile} form={form} />
      </div>
    </>
  );
}

interface StepProps {
  form: Form;
  set: (changes: Partial<Form>) => void;
  flaws: readonly Flaw[];
}

interface Listed {
  readonly name: string;
  readonly title?: string | null;
  readonly entityType: string;
}

function ProfileStep({ form, set, flaws }: StepProps) {
  const { t } = useTranslation("devices");
  const found = useProfiles();
  const chosen = useProfile(form.profile);
  if (found.isPending) return <Loading />;
  if (found.isError) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />;
  const profiles = found.data.profiles as unknown as readonly Listed[];
  return (
    <>
      <SelectField
        label={t("form.profileLabel")}
        hint={t("form.profileHint")}
        value={form.profile}
        onChange={(event) => set({ profile: event.target.value })}
        {...(flaws.includes("profile") && { error: t("flaw.profile") })}
      >
        <option value="">{t("form.choose")}</option>
        {profiles.map((one) => (
          <option key={one.name} value={one.name}>
            {typeName(one.entityType)} – {one.title ?? one.name}
          </option>
        ))}
      </SelectField>
      {chosen.data !== undefined && <p className={styles.soft}>{t("form.measures", { what: typeName(chosen.data.entityType), count: chosen.data.fields?.length ?? 0 })}</p>}
    </>
  );
}

function PlaceStep({ form, set, flaws }: StepProps) {
  const { t } = useTranslation("devices");
  return (
    <>
      <p className={styles.soft}>{t("form.placeHint")}</p>
      {(["latitude", "longitude"] as const).map((name) => (
        <TextField
          key={name}
          label={t(`form.${name}`)}
          hint={t(`form.${name}Hint`)}
          isOptional
          inputMode="decimal"
          maxLength={20}
          value={form[name]}
          onChange={(event) => set({ [name]: event.target.value })}
          {...(flaws.includes(name) && { error: t(`flaw.${name}`) })}
        />
      ))}
    </>
  );
}

function NameStep({ form, set, flaws }: StepProps) {
  const { t } = useTranslation("devices");
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
      />
      <TextField label={t("form.nameLabel")} hint={t("form.nameHint")} isOptional maxLength={200} value={form.name} onChange={(event) => set({ name: event.target.value })} />
      <TextField label={t("form.owner")} hint={t("form.ownerHint")} isOptional maxLength={63} value={form.owner} onChange={(event) => set({ owner: event.target.value })} />
    </>
  );
}
