/** What can be said of a file before it is sent. What is in it, the API judges. */

export const MOST_BYTES = 8 * 1024 * 1024;
export const ENDINGS = ".xlsx,.csv,.tsv,.txt";

export type FileFlaw = "none" | "several" | "empty" | "large" | "oldExcel" | "type";

interface Chosen {
  readonly name: string;
  readonly size: number;
}

/** What is wrong with the files that were chosen or dropped; undefined: it is one file worth sending. */
export function flawOf(files: readonly Chosen[]): FileFlaw | undefined {
  const [file] = files;
  if (file === undefined) return "none";
  if (files.length > 1) return "several";
  const ending = file.name.toLowerCase().split(".").pop() ?? "";
  if (ending === "xls" || ending === "xlsm" || ending === "xlsb") return "oldExcel";
  if (!ENDINGS.split(",").includes(`.${ending}`)) return "type";
  if (file.size === 0) return "empty";
  return file.size > MOST_BYTES ? "large" : undefined;
}
