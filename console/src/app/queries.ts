/** How questions to the API are kept and repeated. */

import { QueryClient } from "@tanstack/react-query";
import { ApiError, isPassing } from "../api/errors";

const REPEATS = 2;
const FRESH_MS = 5_000;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: FRESH_MS,
      retry: (failures, error) => failures < REPEATS && isPassing(error),
      retryDelay: (attempt, error) =>
        error instanceof ApiError && error.retryAfter !== undefined
          ? Math.min(error.retryAfter, 30) * 1000
          : Math.min(1000 * 2 ** attempt, 10_000),
      refetchOnWindowFocus: true,
    },
    mutations: { retry: false },
  },
});
