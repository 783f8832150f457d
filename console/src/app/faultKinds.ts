/** Which faults are worth a word to people, and which belong to a file that is gone. */

/** The browser's own words, where a part of the console could not be fetched: no connection, or a newer version is installed. */
const NOT_FETCHED = /dynamically imported module|importing a module script|module script failed|preload css/i;
/** Browsers report this as an error, although nothing is wrong. */
const HARMLESS = "ResizeObserver loop";

/** Whether a part of the console itself could not be fetched. */
export function isMissingPart(error: unknown): boolean {
  return error instanceof Error && NOT_FETCHED.test(error.message);
}

/** Whether people have to hear of it: not of what was stopped on purpose. */
export function isPageFault(error: unknown): boolean {
  if (error instanceof DOMException && error.name === "AbortError") return false;
  return !(error instanceof Error ? error.message : String(error)).includes(HARMLESS);
}

const STORED = "machi.reloaded";
const AGAIN_MS = 30_000;

/** Whether a reload may help and was not tried just now: the server has a newer version, whose parts have other names. */
export function mayReload(now: number = Date.now(), stored: Storage = sessionStorage): boolean {
  const last = Number(stored.getItem(STORED));
  if (now - last < AGAIN_MS) return false;
  stored.setItem(STORED, String(now));
  return true;
}
