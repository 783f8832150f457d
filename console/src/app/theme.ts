/** Light, dark, or as the system has it; kept in this browser. */

import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

const STORED = "machi.theme";
const CHANGED = "machi:theme";
const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");

export function getTheme(): Theme {
  const stored = localStorage.getItem(STORED);
  return stored === "light" || stored === "dark" ? stored : "system";
}

export function setTheme(theme: Theme): void {
  if (theme === "system") localStorage.removeItem(STORED);
  else localStorage.setItem(STORED, theme);
  applyTheme();
}

/** Writes the theme where the style sheets look for it. */
export function applyTheme(): void {
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
  window.dispatchEvent(new Event(CHANGED));
}

export function isDark(): boolean {
  const theme = getTheme();
  return theme === "dark" || (theme === "system" && systemIsDark.matches);
}

systemIsDark.addEventListener("change", applyTheme);

function subscribe(listener: () => void): () => void {
  window.addEventListener(CHANGED, listener);
  return () => window.removeEventListener(CHANGED, listener);
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, getTheme);
}

export function useIsDark(): boolean {
  return useSyncExternalStore(subscribe, isDark);
}

export function prefersReducedMotion(): boolean {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}
