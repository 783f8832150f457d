import { useCallback, useMemo } from "react";
import { useSearch } from "../../app/router";
import { type Question, readQuestion, writeQuestion } from "./logic/question";

export type Change = (changes: Partial<Question>) => void;

/** The question of the address, and how to change some of it; each change can be gone back to. */
export function useQuestion(): [Question, Change] {
  const [search, setSearch] = useSearch();
  const question = useMemo(() => readQuestion(search), [search]);
  const change = useCallback(
    (changes: Partial<Question>) => {
      const next = { ...readQuestion(new URLSearchParams(location.search)), ...changes };
      setSearch(writeQuestion(next), { push: true });
    },
    [setSearch],
  );
  return [question, change];
}

/** The address of a question, to be shared. */
export function addressOf(question: Question): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(writeQuestion(question))) if (value !== undefined) search.set(name, value);
  return `${location.origin}/history?${search.toString()}`;
}
