import { useEffect, useState, useSyncExternalStore } from "react";
import type { Send } from "../../api/client";
import { Town, type TownState } from "./town";

/** The town, followed while the page is open. */
export function useTown(ask?: Send): [TownState, Town] {
  const [town] = useState(() => new Town(ask));
  useEffect(() => {
    town.start();
    return () => town.stop();
  }, [town]);
  return [useSyncExternalStore(town.subscribe, town.getState), town];
}

/** The time, told anew now and then: ages grow. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
