import { describe, expect, it } from "vitest";
import { countFailures, diagnose, failureOf, responsibleFor, type Standing } from "./reasons";

const COUNTS = { matched: 10, delivered: 10, waiting: 0, deadLettered: 0, coalesced: 0, cancelled: 0 };
const WELL: Standing = { status: "active", reason: null, lastError: null, counts: COUNTS, endpoint: { state: "ok", failuresInARow: 0 } };
const conditions = (standing: Partial<Standing>) => diagnose({ ...WELL, ...standing }).map((one) => one.condition);

describe("why a webhook stopped", () => {
  it.each([
    ["HTTP 410 Gone", "gone"],
    ["given up after 24.0 h: HTTP 503 Service Unavailable", "server"],
    ["HTTP 301 Moved Permanently: redirects are not followed, the subscription has to name the address itself", "redirect"],
    ["HTTP 401 Unauthorized", "unauthorized"],
    ["HTTP 403 Forbidden", "forbidden"],
    ["no connection: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1006)", "certificateExpired"],
    ["no connection: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1006)", "certificateSelfSigned"],
    ["no connection: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch, certificate is not valid for 'x.jp'.", "certificateName"],
    ["HTTP 404 Not Found", "notFound"],
    ["HTTP 429 Too Many Requests", "busy"],
    ["HTTP 400 Bad Request", "rejected"],
    ["HTTP 508 Loop Detected: the notification went in a circle between brokers", "loop"],
    ["no answer within 10 s", "timeout"],
    ["no connection: the name 'x.jp' cannot be resolved", "name"],
    ["no connection: no connection to 'x.jp': [Errno 111] Connect call failed ('127.0.0.1', 9)", "refusedConnection"],
    ["no connection: no connection to 'x.jp': [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "certificate"],
    ["refused: the address is not public", "notAllowed"],
    ["given up: the endpoint could not be reached", "unreached"],
    ["something new", "other"],
  ])("%s is %s", (error, failure) => {
    expect(failureOf(error)).toBe(failure);
  });

  it("says that all is well", () => {
    expect(conditions({})).toEqual(["well"]);
  });

  it("says what is wrong, the gravest first", () => {
    const counts = { ...COUNTS, deadLettered: 2 };
    expect(conditions({ counts, endpoint: { state: "resting", failuresInARow: 7 }, lastError: "HTTP 500" })).toEqual(["resting", "deadLetters"]);
    expect(conditions({ endpoint: { state: "failing", failuresInARow: 1 } })).toEqual(["failed"]);
    expect(conditions({ counts: { ...COUNTS, waiting: 1 }, endpoint: { state: "failing", failuresInARow: 1 } })).toEqual(["failing"]);
    expect(conditions({ status: "expired" })).toEqual(["expired"]);
    expect(conditions({ status: "denied" })).toEqual(["denied"]);
    expect(conditions({ status: "disabled" })).toEqual(["disabled"]);
    expect(conditions({ counts: { ...COUNTS, matched: 0, delivered: 0 } })).toEqual(["nothingMatched"]);
    expect(conditions({ counts: { ...COUNTS, delivered: 0, waiting: 10 } })).toEqual(["waiting"]);
    expect(conditions({ overLimitAt: "2026-11-23T00:00:00Z" })).toEqual(["overLimit"]);
  });

  it("tells the owner's pause from the endpoint's", () => {
    expect(diagnose({ ...WELL, status: "paused", reason: "maintenance" })[0]).toMatchObject({ condition: "pausedByOwner", acts: ["resume", "catchUp"] });
    expect(diagnose({ ...WELL, status: "paused", reason: "HTTP 410 Gone" })[0]).toMatchObject({ condition: "pausedByEndpoint", failure: "gone" });
  });

  it("says the cause once, and whose it is to mend", () => {
    const findings = diagnose({ ...WELL, counts: { ...COUNTS, deadLettered: 2 }, endpoint: { state: "failing", failuresInARow: 5 }, lastError: "HTTP 401 Unauthorized" });
    expect(findings.map((one) => [one.condition, one.failure])).toEqual([["failed", "unauthorized"], ["deadLetters", undefined]]);
    expect([responsibleFor("unauthorized"), responsibleFor("certificateExpired"), responsibleFor("notAllowed"), responsibleFor("network")]).toEqual(["settings", "receiver", "town", "between"]);
  });

  it("counts failures by kind", () => {
    expect(countFailures(["HTTP 500", "given up after 24.0 h: HTTP 503 x", "no answer within 10 s"])).toEqual([
      { failure: "server", count: 2 },
      { failure: "timeout", count: 1 },
    ]);
  });
});
