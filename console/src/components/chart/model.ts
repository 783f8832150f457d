/** What a chart is given. */

export interface ChartSeries {
  readonly label: string;
  readonly unit?: string;
  readonly decimals?: number;
  /** [time in ms, value], in order of time; null is a gap. */
  readonly points: readonly (readonly [number, number | null])[];
  /** Bars from zero (sums by day) instead of a line. */
  readonly kind?: "line" | "bars";
}

/** A level line with a name (a standard, an alert level). */
export interface ChartMark {
  readonly value: number;
  readonly label: string;
}

export interface ChartHandle {
  /** The chart as a PNG, on the ground of the theme. Null while there is none. */
  toPng: () => Promise<Blob | null>;
}

export type WriteTime = (ms: number) => string;
