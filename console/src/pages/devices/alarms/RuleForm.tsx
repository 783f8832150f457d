import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { problemText } from "../../../api/said";
import { Button } from "../../../components/Button";
import { Dialog } from "../../../components/Dialog";
import { OwnWords } from "../../../components/OwnWords";
import { Loading, Notice } from "../../../components/states";
import { measureOf } from "../../../format/units";
import styles from "./Alarms.module.css";
import { forget, makeRule, replaceRule, type Rule, useWatchable } from "./asking";
import { draftOf, EMPTY, flawsOf, type Form, formOf, newId } from "./logic/draft";
import { Preview } from "./Preview";
import { RuleFields } from "./RuleFields";

interface Props {
  /** Which rule is edited; without it, a new one is made. */
  rule?: Rule;
  onClose: () => void;
  onMade?: (id: string) => void;
}

/** Makes or edits a rule; what would be in alarm now is counted meanwhile. */
export function RuleForm(props: Props) {
  const { t } = useTranslation("devices/alarms");
  const known = useWatchable(props.rule?.type ?? "");
  const title = t(props.rule === undefined ? "form.new" : "form.edit");
  // The unit in which thresholds are shown comes with the entities
  if (props.rule !== undefined && known.isPending) {
    return (
      <Dialog title={title} onClose={props.onClose}>
        <Loading />
      </Dialog>
    );
  }
  const unitCode = known.data?.find((one) => one.name === props.rule?.attribute)?.unitCode;
  const first = props.rule === undefined ? EMPTY : formOf(props.rule, measureOf(props.rule.attribute, unitCode).factor);
  return <Filled {...props} title={title} first={first} />;
}

function Filled({ rule, onClose, onMade, title, first }: Props & { title: string; first: Form }) {
  const { t } = useTranslation("devices/alarms");
  const queries = useQueryClient();
  const [form, setForm] = useState(first);
  const [isTried, setTried] = useState(false);
  const id = useId();
  const known = useWatchable(form.type);
  const measure = measureOf(form.attribute, known.data?.find((one) => one.name === form.attribute)?.unitCode);
  const saving = useMutation({
    mutationFn: () => (rule === undefined ? makeRule(draftOf(form, measure.factor, newId(form.attribute))) : replaceRule(draftOf(form, measure.factor, rule.id, rule))),
    onSuccess: async (saved) => {
      await forget(queries);
      onClose();
      onMade?.(saved.id);
    },
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setTried(true);
    if (flawsOf(form).length === 0) saving.mutate();
  };
  const footer = (
    <>
      <Button onClick={onClose}>{t("form.cancel")}</Button>
      <Button kind="main" type="submit" form={id} isBusy={saving.isPending}>
        {t(rule === undefined ? "form.make" : "form.save")}
      </Button>
    </>
  );
  return (
    <Dialog title={title} onClose={onClose} footer={footer}>
      <form id={id} className={styles.part} noValidate onSubmit={submit}>
        <RuleFields form={form} flaws={isTried ? flawsOf(form) : []} unit={measure.unit} isNew={rule === undefined} set={(changes) => setForm((before) => ({ ...before, ...changes }))} />
        <Preview form={form} factor={measure.factor} />
        {saving.isError && <Notice kind="bad">{t("failed", { why: problemText(saving.error, (kind) => t(`failure.${kind}`)) })} <OwnWords error={saving.error} /></Notice>}
      </form>
    </Dialog>
  );
}
