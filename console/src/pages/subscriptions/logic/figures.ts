/** Figures of deliveries as a chart takes them. */

const HOUR = 3_600_000;

interface Hour {
  readonly at: string;
  readonly delivered: number;
  readonly failedAttempts: number;
}

type Points = [number, number][];

/** Every hour up to the present one, at its middle; nothing is a zero, as it was counted. */
export function byHour(hours: readonly Hour[], count: number, now: number): { readonly from: number; readonly to: number; readonly delivered: Points; readonly failed: Points } {
  const last = Math.floor(now / HOUR) * HOUR;
  const from = last - (count - 1) * HOUR;
  const known = new Map(hours.map((one) => [Date.parse(one.at), one]));
  const all = Array.from({ length: count }, (_, index) => from + index * HOUR);
  const pick = (name: "delivered" | "failedAttempts"): Points => all.map((at) => [at + HOUR / 2, known.get(at)?.[name] ?? 0]);
  return { from, to: last + HOUR, delivered: pick("delivered"), failed: pick("failedAttempts") };
}

/** [when it happened, how long it took] in order of time. */
export function latenciesOf(deliveries: readonly { readonly createdAt: string; readonly latencyMs?: number | null }[]): Points {
  return deliveries
    .flatMap((one): Points => (typeof one.latencyMs === "number" ? [[Date.parse(one.createdAt), one.latencyMs]] : []))
    .sort(([one], [other]) => one - other);
}
