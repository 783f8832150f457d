/** Asks before one leaves what is not saved: another page of the console, a reload, a closed tab. */

import { useEffect } from "react";
import { useTranslation } from "react-i18next";

const unsaved = new Map<symbol, string>();

/** While `isUnsaved`, leaving the path asks first: `asked`, else that what was typed is not saved. */
export function useUnsaved(isUnsaved: boolean, asked?: string): void {
  const { t } = useTranslation();
  const question = asked ?? t("unsaved");
  useEffect(() => {
    if (!isUnsaved) return undefined;
    const mark = Symbol(question);
    unsaved.set(mark, question);
    const hold = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", hold);
    return () => {
      unsaved.delete(mark);
      window.removeEventListener("beforeunload", hold);
    };
  }, [isUnsaved, question]);
}

/** Whether one may leave: nothing is unsaved, or its question was answered with yes. */
export function mayLeave(ask: (question: string) => boolean = (question) => window.confirm(question)): boolean {
  const [question] = unsaved.values();
  return question === undefined || ask(question);
}
