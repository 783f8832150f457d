/** The address bar as state: paths, searches, links. A hundred lines of our own instead of a library's fifty kilobytes. */

import { type AnchorHTMLAttributes, type MouseEvent, type ReactNode, useCallback, useMemo, useSyncExternalStore } from "react";
import { mayLeave } from "./unsaved";

const MOVED = "machi:moved";

export interface Place {
  readonly path: string;
  readonly search: string;
}

let known: Place = { path: location.pathname, search: location.search };

function read(): Place {
  if (known.path !== location.pathname || known.search !== location.search) {
    known = { path: location.pathname, search: location.search };
  }
  return known;
}

function subscribe(listener: () => void): () => void {
  const goBack = () => {
    // The browser has moved already: who stays is put back where they were
    if (location.pathname !== known.path && !mayLeave()) history.pushState(null, "", known.path + known.search);
    else listener();
  };
  window.addEventListener("popstate", goBack);
  window.addEventListener(MOVED, listener);
  return () => {
    window.removeEventListener("popstate", goBack);
    window.removeEventListener(MOVED, listener);
  };
}

/**
 * Goes to an address of the console (`/history?from=…`), unless something here is not saved (`useUnsaved`) and one stays.
 * `isSaved`: it has just been saved, so that nobody is asked.
 */
export function navigate(to: string, options: { replace?: boolean; isSaved?: boolean } = {}): void {
  const isSame = to === location.pathname + location.search;
  const isAway = new URL(to, location.href).pathname !== location.pathname;
  if (isAway && options.isSaved !== true && !mayLeave()) return;
  if (options.replace === true || isSame) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  window.dispatchEvent(new Event(MOVED));
}

export function usePlace(): Place {
  return useSyncExternalStore(subscribe, read);
}

/** The search parameters, and how to change some of them: `undefined` removes one. Changes replace the entry of the history unless `push`. */
export function useSearch(): [
  URLSearchParams,
  (changes: Readonly<Record<string, string | undefined>>, options?: { push?: boolean }) => void,
] {
  const { search } = usePlace();
  const parameters = useMemo(() => new URLSearchParams(search), [search]);
  const change = useCallback((changes: Readonly<Record<string, string | undefined>>, options?: { push?: boolean }) => {
    const next = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined || value === "") next.delete(name);
      else next.set(name, value);
    }
    const text = next.toString();
    navigate(location.pathname + (text ? `?${text}` : ""), { replace: options?.push !== true });
  }, []);
  return [parameters, change];
}

type LinkProps = AnchorHTMLAttributes<HTMLAnchorElement> & { to: string; children: ReactNode };

/** A link within the console; with a modifier key, or to a file, it is a link like any other. */
export function Link({ to, onClick, children, ...others }: LinkProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (event.defaultPrevented || !isPlain || others.target === "_blank") return;
    event.preventDefault();
    navigate(to);
  };
  return (
    <a {...others} href={to} onClick={follow}>
      {children}
    </a>
  );
}
