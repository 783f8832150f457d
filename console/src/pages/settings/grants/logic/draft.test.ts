import { describe, expect, it } from "vitest";
import { type Draft, EMPTY, fieldAt, flawsOf, fromAddress, type Grant, readDraft, stateOf, writeSelection, writeTerms } from "./draft";

const GRANT: Grant = {
  id: 3,
  organisation: "acme",
  operations: ["read", "history"],
  types: ["TrafficFlowObserved"],
  attributes: ["intensity"],
  validFrom: "2026-11-22T15:00:00Z",
  validUntil: "2027-03-31T15:00:00Z",
  personal: false,
  label: "",
  createdAt: "2026-11-23T00:00:00Z",
  createdBy: "key:abcdefgh",
  modifiedAt: "2026-11-23T00:00:00Z",
};
const traffic: Draft = { ...EMPTY, organisation: "acme", types: ["TrafficFlowObserved"] };

describe("a draft of a grant", () => {
  it("has days of Japan, the last of them included", () => {
    expect([readDraft(GRANT).validFrom, readDraft(GRANT).validUntil]).toEqual(["2026-11-23", "2027-03-31"]);
    const written = writeTerms({ ...traffic, validFrom: "2026-11-23", validUntil: "2027-03-31" });
    expect([written.validFrom, written.validUntil]).toEqual(["2026-11-22T15:00:00.000Z", "2027-03-31T15:00:00.000Z"]);
  });

  it("comes back as it was, to the second", () => {
    const odd = { ...GRANT, validUntil: "2027-03-31T03:04:05Z" };
    expect(readDraft(odd).validUntil).toBe("2027-03-31");
    expect(writeTerms(readDraft(odd), odd)).toEqual({
      operations: ["read", "history"],
      types: ["TrafficFlowObserved"],
      attributes: ["intensity"],
      validFrom: GRANT.validFrom,
      validUntil: "2027-03-31T03:04:05Z",
      personal: false,
      label: "",
    });
    expect(writeTerms({ ...readDraft(odd), validUntil: "2027-04-01" }, odd).validUntil).toBe("2027-04-01T15:00:00.000Z");
  });

  it("says what is missing", () => {
    expect(flawsOf(EMPTY)).toEqual({ organisation: "missing", types: "missing" });
    expect(flawsOf({ ...traffic, operations: [] })).toEqual({ operations: "missing" });
    expect(flawsOf({ ...traffic, isAnyType: true, types: [] })).toEqual({});
    expect(flawsOf({ ...traffic, validFrom: "2026-11-23", validUntil: "2026-11-22" })).toEqual({ validUntil: "early" });
    expect(flawsOf({ ...traffic, isInArea: true })).toEqual({ area: "missing" });
    expect(flawsOf({ ...traffic, historyFrom: "2026-02-30" })).toEqual({ historyFrom: "wrong" });
  });

  it("is found in an address", () => {
    const found = fromAddress(new URLSearchParams("to=acme&types=TrafficFlowObserved&operations=history,read,fly"));
    expect(found).toEqual({ ...traffic, operations: ["read", "history"] });
  });

  it("selects what the preview counts", () => {
    expect(writeSelection(EMPTY)).toBeUndefined();
    expect(writeSelection({ ...EMPTY, isAnyType: true, scopes: " /park/# " })).toEqual({ entities: [{ type: "*" }], scopeQ: "/park/#" });
    const area = { type: "Polygon", coordinates: [[[0, 0], [1, 0], [1, 1], [0, 0]]] };
    expect(writeSelection({ ...traffic, area })).toEqual({
      entities: [{ type: "TrafficFlowObserved" }],
      geoQ: { georel: "intersects", geometry: "Polygon", coordinates: area.coordinates },
    });
  });

  it("knows when it counts, and what a refusal is about", () => {
    const now = Date.parse("2026-11-23T00:00:00Z");
    expect(stateOf(GRANT, now)).toBe("valid");
    expect(stateOf({ validFrom: "2026-12-01T00:00:00Z" }, now)).toBe("future");
    expect(stateOf({ validUntil: "2026-11-23T00:00:00Z" }, now)).toBe("ended");
    expect([fieldAt("/area/type"), fieldAt("/label"), fieldAt(undefined)]).toEqual(["area", undefined, undefined]);
  });
});
