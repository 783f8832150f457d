/** A place as it is typed, pasted or shown on a map. */

const PAIR = /^\s*(-?\d+(?:\.\d+)?)\s*(?:[,、\s])\s*(-?\d+(?:\.\d+)?)\s*$/;

/** Latitude and longitude of one text that holds both, as maps give them to be pasted: "35.7598, 139.4657". */
export function splitPair(text: string): { readonly latitude: string; readonly longitude: string } | undefined {
  const found = PAIR.exec(text.normalize("NFKC"));
  return found === null ? undefined : { latitude: found[1] ?? "", longitude: found[2] ?? "" };
}

/** Degrees as the fields hold them: a millionth of a degree is a tenth of a metre. */
export const degrees = (value: number): string => String(Math.round(value * 1e6) / 1e6);
