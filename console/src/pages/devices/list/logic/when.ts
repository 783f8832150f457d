/** Values of `<input type="datetime-local">`, in Japan's calendar whatever the zone of the browser. */

import { fromParts, type Moment, partsOf } from "../../../../format/times";

const two = (value: number): string => String(value).padStart(2, "0");

export function toLocalInput(moment: Moment): string {
  const { year, month, day, hour, minute } = partsOf(moment);
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}`;
}

/** ms; undefined for what is no time. */
export function fromLocalInput(text: string): number | undefined {
  const found = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})/.exec(text);
  if (found === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = found.slice(1).map(Number);
  const ms = fromParts(year, month, day, hour, minute);
  return toLocalInput(ms) === text.slice(0, 16) ? ms : undefined;
}
