import { useState } from "react";
import { useTranslation } from "react-i18next";
import { seriesColours, SERIES_DASHES } from "../chartColours";
import styles from "../Chart.module.css";
import { pathOf, shapeAt } from "./marker";
import type { ChartSeries } from "./model";
import { titleOf } from "./reading";

interface Props {
  series: readonly ChartSeries[];
  onEmphasise: (index: number | null) => void;
}

/** Which curve is which: colour, dash and marker. Pointed at or pressed, a name puts its curve before the others. */
export function Legend({ series, onEmphasise }: Props) {
  const { t } = useTranslation();
  const [kept, setKept] = useState<number | null>(null);
  const press = (index: number) => {
    const next = kept === index ? null : index;
    setKept(next);
    onEmphasise(next);
  };
  return (
    <ul className={styles.legend} aria-label={t("chart.legend")}>
      {series.map((one, index) => (
        <li key={one.label}>
          <button
            type="button"
            aria-pressed={kept === index}
            title={t("chart.emphasise")}
            onClick={() => press(index)}
            onMouseEnter={() => onEmphasise(index)}
            onMouseLeave={() => onEmphasise(kept)}
          >
            <Swatch index={index} isBar={one.kind === "bars"} />
            {titleOf(one)}
          </button>
        </li>
      ))}
    </ul>
  );
}

function Swatch({ index, isBar }: { index: number; isBar: boolean }) {
  const colours = seriesColours();
  const colour = colours[index % colours.length] ?? "";
  const fill = index % 2 === 0 ? colour : "var(--surface)";
  if (isBar) {
    return (
      <svg width="16" height="14" aria-hidden="true">
        <rect x="2" y="2" width="12" height="10" stroke={colour} strokeWidth="2" fill={`${colour}${index % 2 === 0 ? "99" : "22"}`} />
      </svg>
    );
  }
  return (
    <svg width="32" height="14" aria-hidden="true">
      <line x1="1" y1="7" x2="31" y2="7" stroke={colour} strokeWidth="2.5" strokeDasharray={SERIES_DASHES[index % SERIES_DASHES.length]?.join(" ")} />
      <path d={pathOf(shapeAt(index), 16, 7, 4)} stroke={colour} strokeWidth="1.5" fill={fill} />
    </svg>
  );
}
