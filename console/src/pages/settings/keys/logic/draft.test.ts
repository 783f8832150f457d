import { describe, expect, it } from "vitest";
import { fromParts } from "../../../../format/times";
import { faultsOf, type KeyForm, orderOf } from "./draft";

const TODAY = fromParts(2026, 11, 23);
const form = (change: Partial<KeyForm> = {}): KeyForm => ({
  label: " webhook ",
  role: "partner",
  organisation: "town",
  tenants: null,
  term: "90",
  date: "2027-03-31",
  ...change,
});

describe("a new key", () => {
  it("is asked for with days, or with the end of the day chosen in Japan", () => {
    expect(orderOf(form())).toEqual({ label: "webhook", role: "partner", organisation: "town", days: 90 });
    expect(orderOf(form({ term: "date", tenants: ["default"] }))).toEqual({
      label: "webhook",
      role: "partner",
      organisation: "town",
      tenants: ["default"],
      expiresAt: "2027-03-31T15:00:00.000Z",
    });
  });

  it("says what is missing", () => {
    expect([...faultsOf(form(), TODAY)]).toEqual([]);
    expect([...faultsOf(form({ label: "  ", tenants: [] }), TODAY)]).toEqual(["label", "tenants"]);
    expect([...faultsOf(form({ term: "date", date: "2026-11-22" }), TODAY)]).toEqual(["date"]);
    expect([...faultsOf(form({ term: "date", date: "2026-11-23" }), TODAY)]).toEqual([]);
    expect([...faultsOf(form({ term: "date", date: "" }), TODAY)]).toEqual(["date"]);
    expect([...faultsOf(form({ term: "365", date: "" }), TODAY)]).toEqual([]);
  });
});
