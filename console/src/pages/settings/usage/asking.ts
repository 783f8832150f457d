import { answer, api } from "../../../api/client";
import { ApiError } from "../../../api/errors";
import type { Period, Row } from "./report";

/** The rows of a report; as JSON, which the API gives unless a table is asked for. */
export async function getUsage({ from, until }: Period, signal: AbortSignal): Promise<readonly Row[]> {
  const report = await answer(api.GET("/api/v1/usage", { signal, params: { query: { from, until } } }));
  if (typeof report === "string") throw new ApiError(500, { title: "The report is no JSON" });
  return report.rows;
}
