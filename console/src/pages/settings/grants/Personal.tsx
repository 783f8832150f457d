import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { problemText } from "../../../api/said";
import { useUnsaved } from "../../../app/unsaved";
import { Button } from "../../../components/Button";
import { CheckBox, SelectField } from "../../../components/Field";
import { OwnWords } from "../../../components/OwnWords";
import { ErrorState, Loading, Notice } from "../../../components/states";
import { attributeName, typeName } from "../../../format/names";
import { forget, markPersonal, useAttributes, usePersonal, useTypes } from "./asking";
import { listed } from "./logic/sentence";
import styles from "./Grants.module.css";

/** Which attributes are about people: hidden from everybody to whom they were not granted as such. */
export function Personal() {
  const { t } = useTranslation("settings/grants");
  const marks = usePersonal();
  const types = useTypes();
  const [type, setType] = useState("");
  const marked = (marks.data ?? []).filter((one) => one.personal.length > 0);
  const known = [...new Set([...(types.data ?? []), ...marked.map((one) => one.type)])];
  return (
    <>
      <h2>{t("personal.title")}</h2>
      <p className={styles.soft}>{t("personal.about")}</p>
      <section className={styles.section} aria-labelledby="marked">
        <h3 id="marked">{t("personal.marked")}</h3>
        {marks.isPending && <Loading />}
        {marks.isError && marks.data === undefined && <ErrorState error={marks.error} onRetry={() => void marks.refetch()} />}
        {marks.data !== undefined && marked.length === 0 && <p>{t("personal.none")}</p>}
        <ul className={styles.rows}>
          {marked.map((one) => (
            <li key={one.type}>
              <p>
                <strong>{typeName(one.type)}</strong>: {listed(one.personal.map(attributeName))}
              </p>
              <Button aria-label={t("personal.changeOne", { type: typeName(one.type) })} onClick={() => setType(one.type)}>
                {t("row.change")}
              </Button>
            </li>
          ))}
        </ul>
      </section>
      <section className={styles.section} aria-labelledby="marking">
        <h3 id="marking">{t("personal.mark")}</h3>
        <SelectField label={t("why.type")} value={type} onChange={(event) => setType(event.target.value)}>
          <option value="">{t("form.choose")}</option>
          {known.map((one) => (
            <option key={one} value={one}>
              {typeName(one)}
            </option>
          ))}
        </SelectField>
        {type !== "" && marks.data !== undefined && <Marks key={type} type={type} before={marks.data.find((one) => one.type === type)?.personal ?? []} />}
      </section>
    </>
  );
}

function Marks({ type, before }: { type: string; before: readonly string[] }) {
  const { t } = useTranslation("settings/grants");
  const { t: words } = useTranslation();
  const queries = useQueryClient();
  const found = useAttributes([type]);
  const [names, setNames] = useState(before);
  const isChanged = [...names].sort().join(" ") !== [...before].sort().join(" ");
  const saving = useMutation({ mutationFn: () => markPersonal(type, [...names]), onSuccess: () => forget(queries) });
  useUnsaved(isChanged && !saving.isPending);
  return (
    <>
      {found.isPending && <Loading />}
      <fieldset className={styles.checks}>
        <legend>{t("personal.which", { type: typeName(type) })}</legend>
        <div>
          {[...new Set([...(found.data ?? []), ...before])].map((name) => (
            <CheckBox key={name} label={attributeName(name)} checked={names.includes(name)} onChange={(event) => setNames(event.target.checked ? [...names, name] : names.filter((other) => other !== name))} />
          ))}
        </div>
      </fieldset>
      {before.some((name) => !names.includes(name)) && <Notice kind="warn">{t("personal.opens")}</Notice>}
      {saving.isError && <Notice kind="bad">{t("form.failed", { detail: problemText(saving.error, (kind) => words(`error.${kind}.title`)) })} <OwnWords error={saving.error} /></Notice>}
      {saving.isSuccess && !isChanged && <Notice kind="good">{t("personal.saved")}</Notice>}
      <div>
        <Button kind="main" disabled={!isChanged} isBusy={saving.isPending} onClick={() => saving.mutate()}>
          {t("form.save")}
        </Button>
      </div>
    </>
  );
}
