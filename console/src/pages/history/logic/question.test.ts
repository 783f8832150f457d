import { describe, expect, it } from "vitest";
import { completed, NOTHING_ASKED, pinned, type Question, readQuestion, writeQuestion } from "./question";
import { asCurl, asHttp, asPython, historyPath, ngsiLdPath, summaryPath } from "./requests";
import { spanOf } from "./period";

const ID = "urn:ngsi-ld:AirQualityObserved:aq-001";
const PM25: Question = {
  ...NOTHING_ASKED,
  types: ["AirQualityObserved"],
  attributes: ["pm25"],
  period: { kind: "fiscal", year: 2026 },
  bucket: "day",
  methods: ["avg", "max"],
};
const NOW = Date.parse("2026-11-24T00:30:00+09:00");
const SPAN = spanOf(PM25.period, NOW);
const CALLER = { origin: "https://machi.example.jp", tenant: null };

const throughAddress = (question: Question) => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(writeQuestion(question))) if (value !== undefined) search.set(name, value);
  return readQuestion(new URLSearchParams(search.toString()));
};

describe("a question in the address", () => {
  it.each<Question>([
    PM25,
    NOTHING_ASKED,
    { ...PM25, ids: [ID, "urn:ngsi-ld:X:あ&b"], shown: [ID], years: 2, alignment: "weekday", asOf: "2026-11-23T03:00:00Z" },
    { ...PM25, bucket: undefined, period: { kind: "custom", first: "2026-04-01", last: "2026-04-30" } },
  ])("is read as it was written", (question) => {
    expect(throughAddress(question)).toEqual(question);
  });

  it("wrong parts are as by default", () => {
    const read = readQuestion(new URLSearchParams("bucket=blink&method=guess&years=-1&align=stars&period=never&asOf=now"));
    expect(read).toEqual(NOTHING_ASKED);
  });

  it("what was left open is as usual", () => {
    const open = { ...NOTHING_ASKED, types: ["TrafficFlowObserved"] };
    expect(completed(open, "intensity")).toMatchObject({ attributes: ["intensity"], methods: ["sum"] });
    expect(completed(open, undefined)).toMatchObject({ attributes: [], methods: ["avg"] });
    expect(completed(PM25, "no2")).toEqual(PM25);
  });

  it("a link to the figure names times, bucket and data version", () => {
    const link = pinned({ ...PM25, period: { kind: "days", count: 7 }, bucket: undefined }, [ID], NOW, "2026-11-23T15:30:00Z");
    expect(writeQuestion(link)).toMatchObject({
      period: "2026-11-18T00:00:00+09:00..2026-11-25T00:00:00+09:00",
      bucket: "hour",
      show: ID,
      asOf: "2026-11-23T15:30:00Z",
    });
    const later = spanOf(throughAddress(link).period, NOW + 9e9);
    expect(later).toEqual(spanOf({ kind: "days", count: 7 }, NOW));
  });
});

describe("a question as a request", () => {
  it("for the console", () => {
    expect(historyPath(PM25, SPAN, "day", { format: "json", language: "ja", layout: "long" })).toBe(
      "/api/v1/history?type=AirQualityObserved&attributes=pm25&from=2026-04-01T00:00:00%2B09:00&to=2027-04-01T00:00:00%2B09:00&bucket=day&method=avg,max&format=json",
    );
  });

  it("for a spreadsheet, of some places", () => {
    const path = historyPath({ ...PM25, ids: [ID] }, SPAN, "none", { format: "csv", language: "en", layout: "wide" });
    expect(Object.fromEntries(new URL(path, "http://x").searchParams)).toEqual({
      id: ID,
      attributes: "pm25",
      from: "2026-04-01T00:00:00+09:00",
      to: "2027-04-01T00:00:00+09:00",
      format: "csv",
      layout: "wide",
      lang: "en",
      bom: "true",
      times: "local",
    });
  });

  it("for one figure per place", () => {
    expect(summaryPath(PM25, SPAN, "ja")).toContain("bucket=PT0S&method=avg,min,max,sum,count");
  });

  it("by NGSI-LD", () => {
    expect(ngsiLdPath(PM25, SPAN, "day")).toBe(
      "/ngsi-ld/v1/temporal/entities?type=AirQualityObserved&attrs=pm25&timerel=between&timeAt=2026-03-31T15:00:00Z&endTimeAt=2027-03-31T15:00:00Z&format=aggregatedValues&aggrMethods=avg,max&aggrPeriodDuration=P1D&timezone=Asia/Tokyo",
    );
    expect(ngsiLdPath(PM25, SPAN, "none")).toMatch(/&format=temporalValues$/);
  });

  it("to paste", () => {
    const path = "/api/v1/history?type=A&q=it's";
    expect(asCurl(path, CALLER)).toBe(
      "curl -G -H \"Authorization: Bearer $MACHI_KEY\" \\\n  --data-urlencode 'type=A' \\\n  --data-urlencode 'q=it'\\''s' \\\n  'https://machi.example.jp/api/v1/history'",
    );
    expect(asCurl(path, { ...CALLER, tenant: "other" })).toContain("-H 'NGSILD-Tenant: other'");
    expect(asHttp(path, CALLER)).toMatch(/^GET \/api\/v1\/history\?type=A&q=it's HTTP\/1\.1\nHost: machi\.example\.jp\n/);
    expect(asPython([path, "/api/v1/history?type=B"], CALLER)).toMatch(/"q": "it's",\n {4}},\n {4}\{\n {8}"type": "B"/);
  });
});
