/**
 * The file that was judged, kept in the tab until its devices are registered: so a reload loses nothing. It ends with the
 * tab, as the key does; a file that is too large for the tab's store is chosen again after a reload.
 */

const NAME = "machi.import";
const MOST_BYTES = 2 * 1024 * 1024;
const CHUNK = 32_768;

interface Kept {
  readonly id: number;
  readonly name: string;
  readonly data: string;
}

type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** Keeps the file of an import; whether there was room for it. */
export async function keepFile(id: number, file: File, store: Store = sessionStorage): Promise<boolean> {
  store.removeItem(NAME);
  if (file.size > MOST_BYTES) return false;
  const bytes = new Uint8Array(await file.arrayBuffer());
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHUNK) binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  const kept: Kept = { id, name: file.name, data: btoa(binary) };
  try {
    store.setItem(NAME, JSON.stringify(kept));
    return true;
  } catch {
    return false; // the tab's store is full
  }
}

/** Gives the file of an import, where it is still there. */
export function keptFile(id: string, store: Store = sessionStorage): File | undefined {
  const text = store.getItem(NAME);
  if (text === null) return undefined;
  const kept = JSON.parse(text) as Kept;
  if (String(kept.id) !== id) return undefined;
  return new File([Uint8Array.from(atob(kept.data), (sign) => sign.charCodeAt(0))], kept.name);
}

export const forgetFile = (store: Store = sessionStorage): void => store.removeItem(NAME);
