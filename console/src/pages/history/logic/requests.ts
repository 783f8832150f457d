/** A question as requests: the one that the console makes, files to download, and what others can paste. */

import { type Bucket, DURATIONS, type Method } from "./bucket";
import { writeTime } from "./jst";
import type { Span } from "./period";
import type { Question } from "./question";

export type Format = "json" | "csv" | "xlsx" | "parquet";

export interface Wanted {
  readonly format: Format;
  readonly language: "ja" | "en";
  readonly layout: "long" | "wide";
}

/** Path and query of the table (`/api/v1/history`). CSV is as spreadsheets read it: with a byte order mark, and local times. */
export function historyPath(question: Question, span: Span, bucket: Bucket, wanted: Wanted): string {
  const isSheet = wanted.format === "csv";
  return path("/api/v1/history", [
    ["type", question.ids.length > 0 ? undefined : question.types.join(",")],
    ["id", question.ids.join(",")],
    ["attributes", question.attributes.join(",")],
    ["from", writeTime(span.from)],
    ["to", writeTime(span.to)],
    ["bucket", bucket === "none" ? undefined : bucket],
    ["method", bucket === "none" ? undefined : question.methods.join(",")],
    ["format", wanted.format],
    ["layout", wanted.layout === "wide" ? "wide" : undefined],
    ["lang", wanted.language === "en" ? "en" : undefined],
    ["bom", isSheet ? "true" : undefined],
    ["times", isSheet ? "local" : undefined],
    ["asOf", question.asOf],
  ]);
}

/** One figure per series for the whole span: who is the loudest, the warmest, the busiest. */
export function summaryPath(question: Question, span: Span, language: "ja" | "en"): string {
  return path("/api/v1/history", [
    ["type", question.ids.length > 0 ? undefined : question.types.join(",")],
    ["id", question.ids.join(",")],
    ["attributes", question.attributes.join(",")],
    ["from", writeTime(span.from)],
    ["to", writeTime(span.to)],
    ["bucket", "PT0S"],
    ["method", "avg,min,max,sum,count"],
    ["format", "json"],
    ["lang", language === "en" ? "en" : undefined],
    ["asOf", question.asOf],
  ]);
}

const AGGREGATES: Readonly<Partial<Record<Method, string>>> = {
  avg: "avg",
  min: "min",
  max: "max",
  sum: "sum",
  count: "totalCount",
  stddev: "stddev",
};

/** Path and query by NGSI-LD's temporal API; it has no first and last of a bucket, those are left out. */
export function ngsiLdPath(question: Question, span: Span, bucket: Bucket): string {
  const aggregates = [...new Set(question.methods.map((one) => AGGREGATES[one] ?? "avg"))];
  const form: [string, string | undefined][] =
    bucket === "none"
      ? [["format", "temporalValues"]]
      : [
          ["format", "aggregatedValues"],
          ["aggrMethods", aggregates.join(",")],
          ["aggrPeriodDuration", DURATIONS[bucket]],
          ["timezone", "Asia/Tokyo"],
        ];
  return path("/ngsi-ld/v1/temporal/entities", [
    ["type", question.ids.length > 0 ? undefined : question.types.join(",")],
    ["id", question.ids.join(",")],
    ["attrs", question.attributes.join(",")],
    ["timerel", "between"],
    ["timeAt", utc(span.from)],
    ["endTimeAt", utc(span.to)],
    ...form,
  ]);
}

const utc = (time: number) => new Date(time).toISOString().replace(".000Z", "Z");

/** Readable, and right: of what a query may hold, `:`, `,` and `/` need no encoding. */
function path(base: string, pairs: readonly (readonly [string, string | undefined])[]): string {
  const written = pairs
    .filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== "")
    .map(([name, value]) => `${name}=${encodeURIComponent(value).replace(/%3A/g, ":").replace(/%2C/g, ",").replace(/%2F/g, "/")}`);
  return `${base}?${written.join("&")}`;
}

export interface Caller {
  /** `https://machi.example.jp`. */
  readonly origin: string;
  readonly tenant: string | null;
}

export function asHttp(path: string, caller: Caller): string {
  const lines = [`GET ${path} HTTP/1.1`, `Host: ${new URL(caller.origin).host}`, "Authorization: Bearer <key>", "Accept: application/json"];
  if (caller.tenant !== null) lines.push(`NGSILD-Tenant: ${caller.tenant}`);
  return lines.join("\n");
}

/** A line per parameter, so that each can be read and changed. */
export function asCurl(path: string, caller: Caller): string {
  const url = new URL(path, caller.origin);
  const tenant = caller.tenant === null ? [] : [`  -H ${quoted(`NGSILD-Tenant: ${caller.tenant}`)} \\`];
  const parameters = [...url.searchParams].map(([name, value]) => `  --data-urlencode ${quoted(`${name}=${value}`)} \\`);
  return ['curl -G -H "Authorization: Bearer $MACHI_KEY" \\', ...tenant, ...parameters, `  ${quoted(caller.origin + url.pathname)}`].join("\n");
}

/** For a shell: nothing within single quotes means anything. */
function quoted(text: string): string {
  return `'${text.replace(/'/g, "'\\''")}'`;
}

/** Python without anything to install; the table row by row, one query after the other. */
export function asPython(paths: readonly string[], caller: Caller): string {
  const urls = paths.map((path) => new URL(path, caller.origin));
  const queries = urls.flatMap((url) => ["    {", ...[...url.searchParams].map(([name, value]) => `        ${JSON.stringify(name)}: ${JSON.stringify(value)},`), "    },"]);
  const tenant = caller.tenant === null ? [] : [`    "NGSILD-Tenant": ${JSON.stringify(caller.tenant)},`];
  return [
    "import csv",
    "import io",
    "import os",
    "from urllib.parse import urlencode",
    "from urllib.request import Request, urlopen",
    "",
    "queries = [",
    ...queries,
    "]",
    "headers = {",
    `    "Authorization": f"Bearer {os.environ['MACHI_KEY']}",`,
    ...tenant,
    "}",
    "for query in queries:",
    `    request = Request("${caller.origin}${urls[0]?.pathname ?? ""}?" + urlencode(query), headers=headers)`,
    "    with urlopen(request) as answer:  # or: pandas.read_csv(answer)",
    '        for row in csv.DictReader(io.TextIOWrapper(answer, "utf-8-sig")):',
    "            print(row)",
  ].join("\n");
}
