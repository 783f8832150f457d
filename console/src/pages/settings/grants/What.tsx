import { useTranslation } from "react-i18next";
import { CheckBox } from "../../../components/Field";
import { ErrorState, Loading } from "../../../components/states";
import { attributeName, type Theme, themeName, themeOf, THEMES, typeName } from "../../../format/names";
import { useAttributes, usePersonal, useTypes } from "./asking";
import type { FieldProps } from "./Form";
import { CHANGING, type Operation, PUBLIC, READING } from "./logic/draft";
import { More } from "./More";
import styles from "./Grants.module.css";

const toggled = <T,>(list: readonly T[], one: T, isOn: boolean): readonly T[] => (isOn ? [...list, one] : list.filter((other) => other !== one));

/** What, and what may be done with it: kinds of data by theme, acts in plain words, attributes for those who want fewer. */
export function What({ draft, change, errorOf }: FieldProps) {
  const { t } = useTranslation("settings/grants");
  const types = useTypes();
  const error = errorOf("types");
  const known = [...new Set([...(types.data ?? []), ...draft.types])];
  const [first] = known;
  return (
    <section className={styles.section} aria-labelledby="form-what">
      <h3 id="form-what">{t("form.what")}</h3>
      <fieldset className={styles.checks}>
        <legend>{t("form.types")}</legend>
        {types.isPending && <Loading />}
        {types.isError && <ErrorState error={types.error} onRetry={() => void types.refetch()} />}
        {!draft.isAnyType && (
          <div className={styles.themes}>
            {byTheme(known).map(([theme, listed]) => (
              <div key={theme} role="group" aria-label={themeName(theme)}>
                <span className={styles.theme} aria-hidden="true">
                  {themeName(theme)}
                </span>
                {listed.map((type) => (
                  <CheckBox
                    key={type}
                    label={typeName(type)}
                    checked={draft.types.includes(type)}
                    {...(error !== undefined && type === first && { "aria-invalid": true })}
                    onChange={(event) => change({ types: toggled(draft.types, type, event.target.checked), attributes: [] })}
                  />
                ))}
              </div>
            ))}
          </div>
        )}
        <CheckBox label={t("form.anyType")} checked={draft.isAnyType} onChange={(event) => change({ isAnyType: event.target.checked, types: [], attributes: [] })} />
        {error !== undefined && (
          <p className={styles.error} role="alert">
            {error}
          </p>
        )}
      </fieldset>
      <Operations draft={draft} change={change} errorOf={errorOf} />
      <Attributes draft={draft} change={change} errorOf={errorOf} />
    </section>
  );
}

function byTheme(types: readonly string[]): [Theme, string[]][] {
  return THEMES.map((theme): [Theme, string[]] => [theme, types.filter((type) => themeOf(type) === theme)]).filter(([, listed]) => listed.length > 0);
}

function Operations({ draft, change, errorOf }: FieldProps) {
  const { t } = useTranslation("settings/grants");
  const error = errorOf("operations");
  const isPublic = draft.organisation === PUBLIC;
  const offered = isPublic ? READING.filter((one) => one !== "subscribe") : READING;
  const isChanging = CHANGING.some((one) => draft.operations.includes(one));
  const box = (one: Operation, index: number) => (
    <CheckBox
      key={one}
      label={t(`operation.${one}`)}
      checked={draft.operations.includes(one)}
      {...(error !== undefined && index === 0 && { "aria-invalid": true })}
      onChange={(event) => change({ operations: toggled(draft.operations, one, event.target.checked) })}
    />
  );
  return (
    <fieldset className={styles.checks}>
      <legend>{t("form.operations")}</legend>
      <div>{offered.map(box)}</div>
      {!isPublic && (
        <More title={t("form.changing")} isOpen={isChanging}>
          <p className={styles.soft}>{t("form.changingHint")}</p>
          <div>{CHANGING.map((one) => box(one, 1))}</div>
        </More>
      )}
      {error !== undefined && (
        <p className={styles.error} role="alert">
          {error}
        </p>
      )}
    </fieldset>
  );
}

function Attributes({ draft, change }: FieldProps) {
  const { t } = useTranslation("settings/grants");
  const found = useAttributes(draft.types);
  const marks = usePersonal();
  if (draft.types.length === 0) return null;
  const personal = new Set((marks.data ?? []).filter((one) => draft.types.includes(one.type)).flatMap((one) => one.personal));
  const offered = [...new Set([...(found.data ?? []), ...draft.attributes])];
  return (
    <More title={t("form.attributes")} isOpen={draft.attributes.length > 0}>
      <p className={styles.soft}>{t("form.attributesHint")}</p>
      <fieldset className={styles.checks}>
        <legend className="visually-hidden">{t("form.attributes")}</legend>
        <div>
          {offered.map((name) => (
            <CheckBox
              key={name}
              label={personal.has(name) ? t("form.personalAttribute", { name: attributeName(name) }) : attributeName(name)}
              checked={draft.attributes.includes(name)}
              onChange={(event) => change({ attributes: toggled(draft.attributes, name, event.target.checked) })}
            />
          ))}
        </div>
      </fieldset>
    </More>
  );
}
