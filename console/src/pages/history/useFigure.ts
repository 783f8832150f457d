import { useEffect, useState } from "react";
import { getLanguage } from "../../i18n";
import type { Bucket } from "./logic/bucket";
import type { Window } from "./logic/compare";
import type { Question } from "./logic/question";
import { type Loaded, loadFigure, type Progress } from "./load";

export type Figure =
  | { readonly state: "none" }
  | { readonly state: "loading"; readonly progress: Progress; readonly cancel: () => void }
  | { readonly state: "cancelled"; readonly again: () => void }
  | { readonly state: "failed"; readonly error: unknown; readonly again: () => void }
  | { readonly state: "ready"; readonly loaded: Loaded };

/** Loads the curves of a question; a change of it ends what is under way. undefined: there is nothing to load yet. */
export function useFigure(question: Question | undefined, windows: readonly Window[], bucket: Bucket): Figure {
  const [figure, setFigure] = useState<Figure>({ state: "none" });
  const [round, setRound] = useState(0);
  const language = getLanguage();
  const key = question === undefined ? undefined : JSON.stringify([question, windows[0]?.span, windows.length, bucket, language]);
  useEffect(() => {
    if (question === undefined) return;
    const controller = new AbortController();
    const again = () => setRound((one) => one + 1);
    const cancel = () => {
      controller.abort();
      setFigure({ state: "cancelled", again });
    };
    const tell = (progress: Progress) => {
      if (!controller.signal.aborted) setFigure({ state: "loading", progress, cancel });
    };
    tell({ points: 0, share: 0 });
    loadFigure(question, windows, bucket, language, controller.signal, tell).then(
      (loaded) => {
        if (!controller.signal.aborted) setFigure({ state: "ready", loaded });
      },
      (error: unknown) => {
        if (!controller.signal.aborted) setFigure({ state: "failed", error, again });
      },
    );
    return () => controller.abort();
    // The key holds all that the request is made of
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key, round]);
  return question === undefined ? { state: "none" } : figure;
}
