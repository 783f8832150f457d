/** What the section asks of the API. Texts of reports come in the visitor's language, from the API. */

import { useQuery } from "@tanstack/react-query";
import { answer, api, send } from "../../../api/client";
import type { components } from "../../../api/schema";
import { getLanguage } from "../../../i18n";
import { isUnderWay } from "./logic/stage";

export type DeviceImport = components["schemas"]["DeviceImport"];
export type Report = DeviceImport["report"];

const PATH = "/api/v1/device-imports";
const READING_MS = 5 * 60_000;
const LOOK_MS = 700;
const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

interface Order {
  readonly file: File;
  readonly isDryRun: boolean;
  readonly isPartial?: boolean;
  readonly signal: AbortSignal;
}

/** Has a file judged and, unless it is a dry run, its devices registered. Raises ApiError with what is wrong with the file. */
export async function sendFile({ file, isDryRun, isPartial = false, signal }: Order): Promise<DeviceImport> {
  const query = new URLSearchParams({ dryRun: String(isDryRun), partial: String(isPartial), name: file.name, lang: getLanguage() });
  const type = /\.xlsx$/i.test(file.name) ? XLSX : "text/csv";
  const response = await send(`${PATH}?${query.toString()}`, { method: "POST", body: file, headers: { "Content-Type": type }, signal }, READING_MS);
  return (await response.json()) as DeviceImport;
}

export const useImport = (id: string) =>
  useQuery({
    queryKey: ["devices", "imports", id, getLanguage()],
    queryFn: ({ signal }) =>
      answer(api.GET("/api/v1/device-imports/{import_id}", { params: { path: { import_id: id }, query: { lang: getLanguage() } }, signal })),
    refetchInterval: (query) => (query.state.data !== undefined && isUnderWay(query.state.data.state) ? LOOK_MS : false),
  });

export const useImports = () =>
  useQuery({
    queryKey: ["devices", "imports", "list"],
    queryFn: ({ signal }) => answer(api.GET("/api/v1/device-imports", { params: { query: { limit: 50 } }, signal })),
  });

export const endImport = (id: string) => api.DELETE("/api/v1/device-imports/{import_id}", { params: { path: { import_id: id } } });

export const reportPath = (id: string | number): string => `${PATH}/${id}/report.csv?lang=${getLanguage()}`;
export const labelsPath = (id: string | number, sheet: string): string => `${PATH}/${id}/labels.pdf?sheet=${sheet}`;
export const templatePath = (ending: "xlsx" | "csv"): string => `${PATH}/template.${ending}?lang=${getLanguage()}`;

/** The passwords, as the API gives them once. */
export async function takePasswords(id: string | number): Promise<Blob> {
  return (await send(`${PATH}/${id}/credentials`, { method: "POST" })).blob();
}
