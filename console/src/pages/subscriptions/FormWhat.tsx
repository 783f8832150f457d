import { useTranslation } from "react-i18next";
import { EntityPicker } from "../../components/EntityPicker";
import { CheckBox } from "../../components/Field";
import { ErrorState, Loading } from "../../components/states";
import { attributeName, typeName } from "../../format/names";
import { useTypes, useWatchable } from "./catalogue";
import { type PartProps, toggled } from "./fields";
import { FormError } from "./FormError";
import styles from "./Subscriptions.module.css";

const MAX_PLACES = 50;

/** Which kinds, which of their attributes, which places. */
export function FormWhat({ draft, change, errorOf }: PartProps) {
  const { t } = useTranslation("subscriptions");
  const types = useTypes();
  const error = errorOf("types");
  return (
    <section className={styles.section} aria-labelledby="form-what">
      <h2 id="form-what">{t("form.what")}</h2>
      <fieldset className={styles.checks} aria-describedby="form-types-hint">
        <legend>{t("form.types")}</legend>
        <p id="form-types-hint" className={styles.soft}>
          {t("form.typesHint")}
        </p>
        {types.isPending && <Loading />}
        {types.isError && <ErrorState error={types.error} onRetry={() => void types.refetch()} />}
        <div>
          {[...new Set([...(types.data ?? []), ...draft.types])].map((type) => (
            <CheckBox
              key={type}
              label={typeName(type)}
              checked={draft.types.includes(type)}
              {...(error !== undefined && { "aria-invalid": true })}
              onChange={(event) => change({ types: toggled(draft.types, type, event.target.checked), ids: [] })}
            />
          ))}
        </div>
        <FormError text={error} />
      </fieldset>
      <Watched draft={draft} change={change} errorOf={errorOf} />
      <details className={styles.more} open={draft.ids.length > 0 || undefined}>
        <summary>{t("form.places")}</summary>
        <p className={styles.soft}>{t("form.placesHint")}</p>
        <EntityPicker label={t("form.places")} value={draft.ids} max={MAX_PLACES} {...(draft.types.length > 0 && { types: draft.types })} onChange={(ids) => change({ ids })} />
      </details>
    </section>
  );
}

function Watched({ draft, change, errorOf }: PartProps) {
  const { t } = useTranslation("subscriptions");
  const watchable = useWatchable(draft.types);
  const offered = [...new Set([...(watchable.data ?? []).map((one) => one.name), ...draft.watched])];
  const set = (name: string, isOn: boolean) => {
    const watched = toggled(draft.watched, name, isOn);
    change({ watched, ...(watched.length === 0 && draft.sends === "watched" && { sends: "all" as const }) });
  };
  return (
    <fieldset className={styles.checks} aria-describedby="form-watched-hint">
      <legend>{t("form.watched")}</legend>
      <p id="form-watched-hint" className={styles.soft}>
        {draft.types.length === 0 ? t("form.watchedFirst") : t("form.watchedHint")}
      </p>
      <div>
        {offered.map((name) => (
          <CheckBox key={name} label={attributeName(name)} checked={draft.watched.includes(name)} onChange={(event) => set(name, event.target.checked)} />
        ))}
      </div>
      <FormError text={errorOf("watched")} />
    </fieldset>
  );
}
