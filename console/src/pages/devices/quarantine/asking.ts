/** What the quarantine is asked. */

import { type QueryClient, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { answer, api } from "../../../api/client";
import type { components } from "../../../api/schema";
import type { Selection } from "./logic/selection";

export type Message = components["schemas"]["QuarantinedMessage"];
export type Inspected = components["schemas"]["InspectedMessage"];
export type Replay = components["schemas"]["QuarantineReplay"];
const PAGE = 50;
const LOOK_MS = 15_000;

export const useReasons = (selection: Omit<Selection, "reason">) =>
  useQuery({
    queryKey: ["quarantine", "reasons", selection],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/quarantine/reasons", { params: { query: selection }, signal })),
    placeholderData: (before) => before,
    refetchInterval: LOOK_MS,
  });

/** Those that still wait, the newest first, a page after the other. */
export const useMessages = (selection: Selection) =>
  useInfiniteQuery({
    queryKey: ["quarantine", "messages", selection],
    queryFn: ({ pageParam, signal }) => {
      const query = { ...selection, limit: PAGE, replayed: false, ...(pageParam !== undefined && { before: pageParam }) };
      return answer(api.GET("/api/v1/quarantine", { params: { query }, signal }));
    },
    initialPageParam: undefined as number | undefined,
    getNextPageParam: ({ messages }) => (messages.length === PAGE ? messages.at(-1)?.id : undefined),
    placeholderData: (before) => before,
    refetchInterval: LOOK_MS,
  });

export const useMessage = (id: string) =>
  useQuery({
    queryKey: ["quarantine", "one", id],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/quarantine/{message_id}", { params: { path: { message_id: id } }, signal })),
  });

export const replay = (body: components["schemas"]["QuarantineSelection"], signal: AbortSignal) => answer(api.POST("/api/v1/quarantine/replay", { body, signal }));

export const discard = (body: components["schemas"]["QuarantineSelection"], signal: AbortSignal) => answer(api.POST("/api/v1/quarantine/discard", { body, signal }));

/** What a replay or a discard may have changed: the quarantine, and the counters of devices. */
export async function forget(queries: QueryClient): Promise<void> {
  await Promise.all([queries.invalidateQueries({ queryKey: ["quarantine"] }), queries.invalidateQueries({ queryKey: ["devices"] })]);
}
