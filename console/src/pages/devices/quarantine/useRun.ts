/** Replays or discards call by call, until there is no more: says how far it is, and can be stopped between. */

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { discard, forget, replay } from "./asking";
import { add, EMPTY, type Report, seen } from "./logic/report";
import { bodyOf, type Selection } from "./logic/selection";

/** Few enough to tell of progress, enough to be quick. */
const AT_ONCE = 200;

export type What = { readonly ids: readonly number[] } | { readonly selection: Selection };

export interface Run {
  readonly act: "replay" | "discard";
  readonly done: number;
  readonly of: number;
  readonly state: "running" | "done" | "stopped" | "failed";
  readonly report: Report;
  readonly error?: unknown;
}

export function useRun() {
  const queries = useQueryClient();
  const [run, setRun] = useState<Run>();
  const stopper = useRef<AbortController>(null);
  useEffect(() => () => stopper.current?.abort(), []);

  const start = async (act: Run["act"], what: What, of: number) => {
    const controller = new AbortController();
    stopper.current = controller;
    let now: Run = { act, done: 0, of, state: "running", report: EMPTY };
    const tell = (changes: Partial<Run>) => setRun((now = { ...now, ...changes }));
    tell({});
    try {
      for (const step = steps(what); ; ) {
        const body = step.next();
        if (body === undefined) break;
        if (act === "replay") {
          const answered = await replay(body, controller.signal);
          const report = add(now.report, answered);
          tell({ report, done: seen(report) });
          step.follow(answered.next);
        } else {
          const answered = await discard(body, controller.signal);
          tell({ done: now.done + answered.discarded });
          step.follow(answered.next);
        }
      }
      tell({ state: "done" });
    } catch (error) {
      tell(controller.signal.aborted ? { state: "stopped" } : { state: "failed", error });
    }
    await forget(queries);
  };
  return { run, start, stop: () => stopper.current?.abort(), clear: () => setRun(undefined) };
}

/** The bodies of the calls, one after the other. */
function steps(what: What) {
  let after: number | undefined;
  const left = "ids" in what ? [...what.ids] : [];
  let isOver = "ids" in what && left.length === 0;
  return {
    next: () => {
      if (isOver) return undefined;
      if ("ids" in what) return { ids: left.splice(0, AT_ONCE) };
      return { ...bodyOf(what.selection), limit: AT_ONCE, ...(after !== undefined && { after }) };
    },
    follow: (next: number | null | undefined) => {
      if ("ids" in what) isOver = left.length === 0;
      else if (next === null || next === undefined) isOver = true;
      else after = next;
    },
  };
}
