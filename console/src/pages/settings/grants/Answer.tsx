import { useTranslation } from "react-i18next";
import { Link } from "../../../app/router";
import { cx } from "../../../components/cx";
import { Icon, type IconName } from "../../../components/Icon";
import { attributeName, typeName } from "../../../format/names";
import { useOrganisations } from "../organisations/asking";
import { useGrants } from "./asking";
import { type Change, changesFor, type Explanation, shownSteps, type Step, type Verdict, verdictOf } from "./logic/answer";
import { CHANGING } from "./logic/draft";
import type { Asked } from "./logic/question";
import { grantSentence, listed, organisationName } from "./logic/sentence";
import styles from "./Grants.module.css";

const ICONS: Record<Verdict, IconName> = { yes: "check", partly: "warning", no: "stop" };
const KINDS: Record<Verdict, "good" | "warn" | "bad"> = { yes: "good", partly: "warn", no: "bad" };

/** Yes or no, step by step why, and what to change. */
export function Answer({ told, asked }: { told: Explanation; asked: Asked }) {
  const { t } = useTranslation("settings/grants");
  const organisations = useOrganisations();
  const verdict = verdictOf(told, asked);
  const holder = organisations.data?.find((one) => one.name === asked.organisation);
  const who = holder === undefined ? asked.organisation : organisationName(holder);
  const what = asked.attribute === "" ? typeName(asked.type) : t("why.attributeOf", { type: typeName(asked.type), attribute: attributeName(asked.attribute) });
  const changes = changesFor(told, asked);
  return (
    <section className={styles.section} aria-labelledby="answer">
      <h3 id="answer" className={cx(styles.verdict, styles[KINDS[verdict]])}>
        <Icon name={ICONS[verdict]} size={28} />
        <span>{t(`verdict.${verdict}.${asked.operation}`, { who, what })}</span>
      </h3>
      <h4>{t("answer.why")}</h4>
      <ol className={styles.reasons}>
        {shownSteps(told, asked).map((step) => (
          <Reason key={`${step.code}-${step.grant ?? ""}-${step.attribute ?? ""}`} step={step} told={told} who={who} />
        ))}
      </ol>
      {CHANGING.includes(asked.operation) && <p className={styles.soft}>{t("answer.asService")}</p>}
      {changes.length > 0 && (
        <>
          <h4>{t("answer.change")}</h4>
          <ul className={styles.changes}>
            {changes.map((one) => (
              <li key={JSON.stringify(one)}>
                <ChangeLink change={one} asked={asked} />
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Reason({ step, told, who }: { step: Step; told: Explanation; who: string }) {
  const { t } = useTranslation("settings/grants");
  const grants = useGrants();
  const grant = grants.data?.find((one) => one.id === step.grant);
  const isGood = step.ok === true;
  const isBad = step.ok === false;
  const text = t(`step.${step.code}`, {
    role: t(`role.${told.principal?.role ?? "anonymous"}`),
    operation: step.operation === undefined ? "" : t(`why.operations.${step.operation}`),
    attribute: attributeName(step.attribute ?? ""),
    grant: step.grant === 0 ? t("answer.withRole") : t("row.number", { id: step.grant }),
  });
  return (
    <li className={isGood ? styles.good : isBad ? styles.bad : undefined}>
      <Icon name={isGood ? "check" : isBad ? "close" : "info"} />
      <div>
        <p>
          <strong className="visually-hidden">{t(isGood ? "answer.good" : isBad ? "answer.bad" : "answer.note")}</strong> {text}
          {step.why !== undefined && step.why.length > 0 && t("answer.because", { why: listed(step.why.map((one) => t(`because.${one}`))) })}
        </p>
        {grant !== undefined && <p className={styles.soft}>{grantSentence(who, grant)}</p>}
        {step.code === "refused" && (
          <p className={styles.soft} lang="en">
            {step.text}
          </p>
        )}
      </div>
    </li>
  );
}

function ChangeLink({ change, asked }: { change: Change; asked: Asked }) {
  const { t } = useTranslation("settings/grants");
  if (change.kind === "edit") return <Link to={`/settings/grants/${change.grant}`}>{t(`change.${change.what}`, { id: change.grant })}</Link>;
  if (change.kind === "organisation") return <Link to={`/settings/organisations/${asked.organisation}`}>{t("change.organisation")}</Link>;
  if (change.kind === "service") return <Link to={`/settings/organisations/${asked.organisation}`}>{t("change.service")}</Link>;
  const parameters = new URLSearchParams({ to: asked.organisation, key: asked.key, types: asked.type, operations: asked.operation });
  return <Link to={`/settings/grants/new?${parameters.toString()}`}>{t("change.grant")}</Link>;
}
