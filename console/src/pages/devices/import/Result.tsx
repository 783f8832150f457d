import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "../../../app/router";
import { Button } from "../../../components/Button";
import { Download } from "../../../components/Download";
import { SelectField } from "../../../components/Field";
import { Notice } from "../../../components/states";
import { formatCount } from "../../../format/numbers";
import { type DeviceImport, labelsPath, reportPath } from "./asking";
import styles from "./Import.module.css";
import { Passwords } from "./Passwords";
import { Ending } from "./Working";

const COUNTS = ["created", "updated", "unchanged", "failed"] as const;
const SHEETS = ["24", "12", "10", "44"] as const;

/** What came of an import, and what is taken from it: passwords, labels, the list. */
export function Result({ found }: { found: DeviceImport }) {
  const { t } = useTranslation("devices/import");
  const [isAsked, setAsked] = useState(false);
  const { created, updated, failed } = found.counts;
  return (
    <>
      <Notice kind={failed > 0 ? "warn" : "good"}>
        {t(created > 0 ? "result.made" : "result.changed", { count: created > 0 ? created : updated })}
        {failed > 0 && ` ${t("result.failed", { count: failed })}`}
      </Notice>
      {found.state === "provisioning" && <Notice kind="info">{t("result.provisioning")}</Notice>}
      <dl className={styles.numbers}>
        {COUNTS.map((name) => (
          <div key={name}>
            <dt>{t(`count.${name}`)}</dt>
            <dd>{t("count.rows", { count: found.counts[name], shown: formatCount(found.counts[name]) })}</dd>
          </div>
        ))}
      </dl>
      {failed > 0 && (
        <div>
          <Download path={reportPath(found.id)} name={`report-${found.id}.csv`}>
            {t("report.download")}
          </Download>
        </div>
      )}
      {created > 0 && <Passwords found={found} />}
      <Labels found={found} />
      <div className={styles.actions}>
        <Link to="/devices">{t("result.list")}</Link>
        <Link to="/devices/import">{t("again")}</Link>
        <Button kind="quiet" onClick={() => setAsked(true)}>
          {t("end.forget.open")}
        </Button>
      </div>
      {isAsked && <Ending found={found} onClose={() => setAsked(false)} />}
    </>
  );
}

function Labels({ found }: { found: DeviceImport }) {
  const { t } = useTranslation("devices/import");
  const [sheet, setSheet] = useState<string>("24");
  return (
    <section className={styles.section} aria-labelledby="labels">
      <h3 id="labels">{t("labels.title")}</h3>
      <p>{t("labels.text")}</p>
      <div className={styles.fields}>
        <SelectField label={t("labels.sheet")} value={sheet} onChange={(event) => setSheet(event.target.value)}>
          {SHEETS.map((one) => (
            <option key={one} value={one}>
              {t(`labels.of.${one}`)}
            </option>
          ))}
        </SelectField>
        <Download path={labelsPath(found.id, sheet)} name={`labels-${found.id}.pdf`}>
          {t("labels.download")}
        </Download>
      </div>
    </section>
  );
}
