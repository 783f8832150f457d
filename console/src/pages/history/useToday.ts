import { useSyncExternalStore } from "react";
import { startOfDay } from "./logic/jst";

const LOOK_MS = 30_000;

function subscribe(listener: () => void): () => void {
  const timer = setInterval(listener, LOOK_MS);
  return () => clearInterval(timer);
}

/** The beginning of the present day in Japan; it changes at midnight, and no sooner. */
export function useToday(): number {
  return useSyncExternalStore(subscribe, () => startOfDay(Date.now()));
}
