/** Numbers as they are written in Japan and elsewhere: separators, units, few decimals. */

import { localeOf } from "./language";

const formats = new Map<string, Intl.NumberFormat>();

function format(least: number, most: number): Intl.NumberFormat {
  const locale = localeOf();
  const name = `${locale} ${least} ${most}`;
  let found = formats.get(name);
  if (found === undefined) {
    found = new Intl.NumberFormat(locale, { minimumFractionDigits: least, maximumFractionDigits: most });
    formats.set(name, found);
  }
  return found;
}

/** A number with exactly so many decimals; without `decimals`, as many as it has, two at most. */
export function formatNumber(value: number, decimals?: number): string {
  if (!Number.isFinite(value)) return "–";
  return decimals === undefined ? format(0, 2).format(value) : format(decimals, decimals).format(value);
}

export const formatCount = (value: number): string => format(0, 0).format(value);

/** A share of 1 as a percentage: 0.123 is `12.3 %`. */
export function formatShare(share: number, decimals = 0): string {
  return `${formatNumber(share * 100, decimals)} %`;
}

const BYTES = ["B", "kB", "MB", "GB", "TB"];

/** A size, in powers of a thousand. */
export function formatBytes(bytes: number): string {
  let size = bytes;
  let power = 0;
  while (size >= 1000 && power < BYTES.length - 1) {
    size /= 1000;
    power += 1;
  }
  return `${formatNumber(size, power === 0 || size >= 100 ? 0 : 1)} ${BYTES[power] ?? ""}`;
}
