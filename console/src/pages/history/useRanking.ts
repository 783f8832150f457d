import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { getLanguage } from "../../i18n";
import { loadRanking } from "./load";
import type { Span } from "./logic/period";
import type { Question } from "./logic/question";
import type { Ranked } from "./logic/ranking";

export interface RankingAnswer {
  readonly state: "loading" | "cancelled" | "failed" | "ready";
  readonly data: readonly Ranked[] | undefined;
  readonly error: unknown;
  readonly cancel: () => void;
  readonly again: () => void;
}

/** The figures of all places over the whole span; one can stop waiting for them. */
export function useRanking(question: Question, span: Span): RankingAnswer {
  const queries = useQueryClient();
  const language = getLanguage();
  const asked = { types: question.types, ids: question.ids, attributes: question.attributes, asOf: question.asOf };
  const queryKey = ["history", "ranking", asked, span, language];
  const key = JSON.stringify(queryKey);
  const [stopped, setStopped] = useState<string>();
  const isStopped = stopped === key;
  const found = useQuery({
    queryKey,
    queryFn: ({ signal }) => loadRanking(question, span, language, signal),
    enabled: !isStopped,
    staleTime: Infinity,
  });
  const cancel = () => {
    setStopped(key);
    void queries.cancelQueries({ queryKey });
  };
  const again = () => {
    setStopped(undefined);
    if (!isStopped) void found.refetch();
  };
  const state = found.data !== undefined ? "ready" : isStopped ? "cancelled" : found.isError ? "failed" : "loading";
  return { state, data: found.data, error: found.error, cancel, again };
}
