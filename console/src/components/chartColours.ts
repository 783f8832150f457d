/** Colours of lines, told apart by people who see colours differently (after Okabe and Ito), and dashes beside them. */

import { isDark } from "../app/theme";

const LIGHT = ["#0017c1", "#b34a00", "#00704f", "#8a3f86", "#7a5b00", "#00668c", "#5c5c5c", "#a3123a"] as const;
const DARK = ["#9db7f9", "#ffa66d", "#5fd0a8", "#e3a3df", "#f2c14e", "#6fc3ee", "#c4c4c4", "#ff8fa9"] as const;

export const SERIES_DASHES: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3], [14, 4], [5, 2, 2, 2, 2, 2]];

export const seriesColours = (): readonly string[] => (isDark() ? DARK : LIGHT);
