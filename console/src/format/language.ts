/** The language that is shown now; a pair of words is [Japanese, English]. */

import i18next from "i18next";

export type Pair = readonly [ja: string, en: string];

export const isJapanese = (): boolean => i18next.resolvedLanguage !== "en";

export function pick(pair: Pair): string {
  return pair[isJapanese() ? 0 : 1];
}

export const localeOf = (): string => (isJapanese() ? "ja-JP" : "en-GB");
