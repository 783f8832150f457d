import { useState } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "../../components/Button";
import { pick } from "../../format/language";
import { attributeName } from "../../format/names";
import { type Level, LEVEL_NAMES, relativeSteps, scaleOf, type Step } from "../../format/scales";
import { formatNumber } from "../../format/numbers";
import { measureOf } from "../../format/units";
import styles from "./Legend.module.css";

const LEVELS: readonly Level[] = [0, 1, 2, 3, 4];

/** What the colours mean; of one attribute with its thresholds, else of all in common. */
export function Legend({ metric }: { metric: string }) {
  const { t } = useTranslation("live");
  const [isOpen, setOpen] = useState(() => window.matchMedia("(width >= 760px)").matches);
  const scale = scaleOf(metric);
  const relative = relativeSteps[metric];
  return (
    <aside className={styles.legend} aria-label={t("legend.title")}>
      <header>
        <h2>{metric === "main" ? t("legend.title") : attributeName(metric)}</h2>
        <IconButton icon={isOpen ? "close" : "info"} label={t(isOpen ? "legend.close" : "legend.open")} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)} />
      </header>
      {isOpen && (
        <>
          <ul>
            {scale !== undefined
              ? scale.steps.map((step) => (
                  <Entry key={step.from} level={step.level} text={`${pick(step.name)} ${thresholdOf(step, scale.attribute, scale.units?.[0])}`} />
                ))
              : relative !== undefined
                ? relative.map((step) => <Entry key={step.from} level={step.level} text={pick(step.name)} />)
                : LEVELS.map((level) => <Entry key={level} level={level} text={pick(LEVEL_NAMES[level])} />)}
            <Entry level={null} text={t("legend.none")} />
          </ul>
          <p>
            {scale?.source === undefined ? t("legend.text") : pick(scale.source)} {t("legend.stale")}
          </p>
        </>
      )}
    </aside>
  );
}

function thresholdOf(step: Step, attribute: string, unitCode: string | undefined): string {
  if (!Number.isFinite(step.from)) return "";
  const { factor, unit } = measureOf(attribute, unitCode);
  return `${formatNumber(step.from * factor)}${unit === "" ? "" : ` ${unit}`}～`;
}

function Entry({ level, text }: { level: Level | null; text: string }) {
  return (
    <li>
      <span data-level={level ?? "none"} className={styles.dot} aria-hidden="true" /> {text}
    </li>
  );
}
