import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../../../api/errors";
import { problemText } from "../../../api/said";
import { useUnsaved } from "../../../app/unsaved";
import { Button } from "../../../components/Button";
import { OwnWords } from "../../../components/OwnWords";
import { Notice } from "../../../components/states";
import { draftOf, EMPTY, flawsOf, type Form, type Step, STEPS } from "../logic/draft";
import { forget, register, type Registered } from "./asking";
import { troubleOf } from "./logic/trouble";
import { Mapping } from "./Mapping";
import { NameStep } from "./NameStep";
import styles from "./New.module.css";
import { PlaceFields } from "./PlaceFields";
import { ProfileStep } from "./ProfileStep";

/** The form: what is typed stays through all steps, and through what the API refuses. */
export function Steps({ onMade }: { onMade: (made: Registered) => void }) {
  const { t } = useTranslation("devices/new");
  const [form, setForm] = useState<Form>(EMPTY);
  const [step, setStep] = useState<Step>("profile");
  const [isTried, setTried] = useState(false);
  useUnsaved(JSON.stringify({ ...form, profile: EMPTY.profile }) !== JSON.stringify(EMPTY)); // a kind is chosen again with one press
  const number = STEPS.indexOf(step);
  const registering = useRegistering(onMade, setStep);
  const heading = useFocusOn(step);
  const trouble = registering.error instanceof ApiError ? troubleOf(registering.error.status, registering.error.problem.pointer) : undefined;
  const flaws = isTried ? flawsOf(form, step) : trouble?.step === step ? [trouble.flaw] : [];
  const set = (changes: Partial<Form>) => {
    setForm((before) => ({ ...before, ...changes }));
    if (trouble !== undefined) registering.reset();
  };
  const go = (to: Step | undefined) => {
    setTried(false);
    if (to !== undefined) setStep(to);
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (flawsOf(form, step).length > 0) setTried(true);
    else if (step === "name") registering.mutate(form);
    else go(STEPS[number + 1]);
  };
  return (
    <>
      <h1>{t("form.title")}</h1>
      <Progress step={step} />
      <div className={styles.columns}>
        <form className={styles.section} noValidate onSubmit={submit}>
          <h2 ref={heading} tabIndex={-1}>
            {t("form.step", { number: number + 1, of: STEPS.length, name: t(`form.${step}`) })}
          </h2>
          {step === "profile" && <ProfileStep form={form} set={set} flaws={flaws} />}
          {step === "place" && <PlaceFields form={form} set={set} flaws={flaws} />}
          {step === "name" && <NameStep form={form} set={set} flaws={flaws} />}
          {registering.isError && trouble?.flaw !== "taken" && <Refused error={registering.error} />}
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

/** Registers; what is refused leads back to the step that its field is in. */
function useRegistering(onMade: (made: Registered) => void, setStep: (step: Step) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (form: Form) => register(draftOf(form)),
    gcTime: 0,
    onSuccess: (made) => {
      onMade(made);
      void forget(queries);
    },
    onError: (error) => {
      const trouble = error instanceof ApiError ? troubleOf(error.status, error.problem.pointer) : undefined;
      if (trouble !== undefined) setStep(trouble.step);
    },
  });
}

/** The heading of a step takes the focus when the step is another. */
function useFocusOn(step: Step) {
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef(step);
  useEffect(() => {
    if (before.current !== step) heading.current?.focus();
    before.current = step;
  }, [step]);
  return heading;
}

function Progress({ step }: { step: Step }) {
  const { t } = useTranslation("devices/new");
  return (
    <ol className={styles.steps} aria-label={t("form.steps")}>
      {STEPS.map((one, index) => (
        <li key={one} aria-current={one === step ? "step" : undefined}>
          {index + 1}. {t(`form.${one}`)}
        </li>
      ))}
    </ol>
  );
}

function Refused({ error }: { error: Error }) {
  const { t } = useTranslation("devices/new");
  return (
    <Notice kind="bad">
      {t("form.failed", { why: problemText(error, (kind) => t(`failure.${kind}`)) })} <OwnWords error={error} />
    </Notice>
  );
}
