/**
 * Words: Japanese first, English complete. The shell's are in this folder; a page's are in its own, as
 * `words.ja.json` and `words.en.json`, loaded when the page is, under the name of the page's folder; a section's
 * (app/sections.tsx) in its folder, under both names (`settings/keys`).
 */

import i18next, { type BackendModule, type ResourceKey } from "i18next";
import { initReactI18next } from "react-i18next";

export type Language = "ja" | "en";
export const LANGUAGES: readonly Language[] = ["ja", "en"];
const STORED = "machi.language";

const shell = import.meta.glob<{ default: ResourceKey }>("./*.json");
const pages = import.meta.glob<{ default: ResourceKey }>(["../pages/*/words.*.json", "../pages/*/*/words.*.json"]);

const backend: BackendModule = {
  type: "backend",
  init: () => undefined,
  read: (language, namespace, done) => {
    const load = shell[`./${namespace}.${language}.json`] ?? pages[`../pages/${namespace}/words.${language}.json`];
    if (load === undefined) {
      done(new Error(`There are no words for ${namespace} in ${language}`), null);
      return;
    }
    load().then(
      (found) => done(null, found.default),
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error)), null),
    );
  },
};

export function getLanguage(): Language {
  return i18next.resolvedLanguage === "en" ? "en" : "ja";
}

export function setLanguage(language: Language): void {
  localStorage.setItem(STORED, language);
  void i18next.changeLanguage(language);
}

/** The language of `?lang=`, else the one chosen before, else Japanese. */
function firstLanguage(): Language {
  const asked = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem(STORED);
  return asked === "en" ? "en" : "ja";
}

export async function startWords(): Promise<void> {
  i18next.on("languageChanged", (language) => {
    document.documentElement.lang = language;
  });
  await i18next
    .use(backend)
    .use(initReactI18next)
    .init({
      lng: firstLanguage(),
      supportedLngs: LANGUAGES,
      fallbackLng: false,
      defaultNS: "shell",
      ns: ["shell", "problems"],
      interpolation: { escapeValue: false }, // React escapes
      returnNull: false,
      showSupportNotice: false, // the console of the browser is for faults
    });
}
