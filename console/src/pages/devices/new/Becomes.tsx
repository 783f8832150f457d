import { useTranslation } from "react-i18next";
import { Notice } from "../../../components/states";
import { attributeName, typeName } from "../../../format/names";
import { formatValue } from "../../../format/units";
import styles from "./New.module.css";

const NO_VALUES = new Set(["id", "type", "@context", "location", "name", "refDevice"]);

interface Outcome {
  readonly outcome: "stored" | "partly-quarantined" | "quarantined" | "ignored";
  readonly detail?: string | null;
  readonly ignoredKeys: readonly string[];
  readonly entities: readonly { readonly normalized: Readonly<Record<string, unknown>> }[];
}

/** What a message would become: its verdict, and the values as they would be stored. */
export function Becomes({ found }: { found: Outcome }) {
  const { t } = useTranslation("devices/new");
  const kind = { stored: "good", "partly-quarantined": "warn", quarantined: "bad", ignored: "warn" }[found.outcome] as "good" | "warn" | "bad";
  return (
    <div role="status" className={styles.part}>
      <Notice kind={kind}>
        {t(`mapping.${found.outcome}`)} {found.detail != null && <span lang="en">{found.detail}</span>}
      </Notice>
      {found.entities.map(({ normalized }) => (
        <div key={String(normalized.id)} className={styles.part}>
          <h3>{typeName(String(normalized.type))}</h3>
          <dl className={styles.facts}>
            {Object.entries(normalized)
              .filter(([name]) => !NO_VALUES.has(name))
              .map(([name, value]) => (
                <div key={name}>
                  <dt>{attributeName(name)}</dt>
                  <dd>{show(name, value)}</dd>
                </div>
              ))}
          </dl>
        </div>
      ))}
      {found.ignoredKeys.length > 0 && <p className={styles.soft}>{t("mapping.unused", { keys: found.ignoredKeys.join(", ") })}</p>}
    </div>
  );
}

function show(name: string, given: unknown): string {
  const one: unknown = Array.isArray(given) ? given[0] : given;
  if (typeof one !== "object" || one === null) return String(one);
  const { value, object, unitCode } = one as { value?: unknown; object?: unknown; unitCode?: string };
  return formatValue(name, value ?? object, unitCode);
}
