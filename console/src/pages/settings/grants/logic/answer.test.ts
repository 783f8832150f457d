import { describe, expect, it } from "vitest";
import { changesFor, type Explanation, shownSteps, type Step, verdictOf } from "./answer";
import { type Asked, readAsked, writeQuestion } from "./question";

const ASKED: Asked = { organisation: "acme", key: "", operation: "read", type: "TrafficFlowObserved", entity: "", attribute: "" };
const step = (code: Step["code"], more: Partial<Step> = {}): Step => ({ code, text: code, ...more });
const told = (steps: Step[], more: Partial<Explanation> = {}): Explanation => ({
  allowed: true,
  status: 200,
  reasons: steps.map((one) => one.text),
  steps,
  grants: [],
  hidden: [],
  ...more,
});

describe("a question", () => {
  it("is the request that they would make", () => {
    expect(writeQuestion(ASKED)).toEqual({ organisation: "acme", request: { method: "GET", path: "/ngsi-ld/v1/entities?type=TrafficFlowObserved" } });
    const history = writeQuestion({ ...ASKED, operation: "history", entity: "urn:a:b c", attribute: "speed" });
    expect(history?.request).toEqual({ method: "GET", path: "/ngsi-ld/v1/temporal/entities/urn%3Aa%3Ab%20c?attrs=speed" });
    expect(writeQuestion({ ...ASKED, organisation: "", key: "abcdefgh" })?.key).toBe("abcdefgh");
    const writing = writeQuestion({ ...ASKED, operation: "write", entity: "urn:a", attribute: "speed" });
    expect(writing).toEqual({
      organisation: "acme",
      role: "service",
      request: { method: "PATCH", path: "/ngsi-ld/v1/entities/urn%3Aa", body: { speed: { type: "Property", value: 0 } } },
    });
    expect(writeQuestion({ ...ASKED, operation: "write", organisation: "public" })?.role).toBeUndefined();
  });

  it("is none while something is not chosen", () => {
    expect(writeQuestion({ ...ASKED, organisation: "" })).toBeUndefined();
    expect(writeQuestion({ ...ASKED, type: "" })).toBeUndefined();
    expect(writeQuestion({ ...ASKED, operation: "delete" })).toBeUndefined();
  });

  it("stands in the address", () => {
    expect(readAsked(new URLSearchParams("to=acme&type=TrafficFlowObserved&operation=fly"))).toEqual(ASKED);
  });
});

describe("an answer", () => {
  it("is yes, no, or partly", () => {
    const hidden = told([step("grantApplies", { grant: 3 }), step("attributePersonal", { attribute: "plate" })], { grants: [3] });
    expect(verdictOf(told([step("grantApplies", { grant: 3 })]), ASKED)).toBe("yes");
    expect(verdictOf(told([step("typeNotGranted")]), ASKED)).toBe("no");
    expect(verdictOf(told([step("nothingGranted")], { allowed: false, status: 403 }), ASKED)).toBe("no");
    expect(verdictOf(hidden, ASKED)).toBe("partly");
    expect(verdictOf(hidden, { ...ASKED, attribute: "plate" })).toBe("no");
    expect(verdictOf(hidden, { ...ASKED, attribute: "speed" })).toBe("yes");
    expect(changesFor(hidden, ASKED)).toEqual([{ kind: "edit", grant: 3, what: "personal" }]);
    expect(shownSteps(hidden, { ...ASKED, attribute: "speed" }).map((one) => one.code)).toEqual(["grantApplies"]);
  });

  it("says what to change: what is nearest first", () => {
    const ended = [step("grantNotAbout", { grant: 3, why: ["ended"] }), step("grantNotAbout", { grant: 4, why: ["type", "operation"] }), step("nothingGranted")];
    expect(changesFor(told(ended, { allowed: false, status: 403 }), ASKED)).toEqual([{ kind: "edit", grant: 3, what: "time" }, { kind: "grant" }]);
    expect(changesFor(told([step("noPermission")], { allowed: false, status: 403 }), ASKED)).toEqual([{ kind: "service" }]);
    expect(changesFor(told([step("keyVoid")], { allowed: false, status: 401 }), ASKED)).toEqual([{ kind: "organisation" }]);
    expect(changesFor(told([step("entityMissing")], { allowed: false, status: 404 }), ASKED)).toEqual([]);
    expect(changesFor(told([step("grantApplies")]), ASKED)).toEqual([]);
  });
});
