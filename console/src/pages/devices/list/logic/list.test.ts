import { describe, expect, it } from "vitest";
import { stepsOf } from "./changes";
import { changedIn, flawsOf, type Form, merge, patchOf, readTags } from "./edit";
import { mergeLog, readMeasured } from "./log";
import { readPlace } from "./place";
import { fromLocalInput, toLocalInput } from "./when";
import { faultOf, whyOf } from "./why";

const FORM: Form = { name: "北口", profile: "noise", latitude: "35.75", longitude: "139.46", owner: "", tags: "a, b", serial: "SN-1", interval: "", notes: "" };

describe("editing a device", () => {
  it("patches what was changed and nothing else", () => {
    expect(patchOf(FORM, { ...FORM, name: " 南口 ", serial: "" })).toEqual({ name: "南口", serial: null });
    expect(patchOf(FORM, { ...FORM, latitude: "３５．８" })).toEqual({ location: { type: "Point", coordinates: [139.46, 35.8] } });
    expect(patchOf(FORM, { ...FORM, latitude: "", longitude: "" })).toEqual({ location: null });
    expect(patchOf(FORM, { ...FORM, tags: "b、c、c", interval: "600" })).toEqual({ tags: ["b", "c"], expectedIntervalS: 600 });
    expect(changedIn(FORM, { ...FORM, name: "北口 " })).toEqual([]);
  });

  it("names what is wrong, and not half a place", () => {
    expect(flawsOf({ ...FORM, latitude: "" })).toEqual(["latitude"]);
    expect(flawsOf({ ...FORM, longitude: "190", interval: "0" })).toEqual(["longitude", "interval"]);
    expect(flawsOf({ ...FORM, tags: Array.from({ length: 33 }, (_, index) => `t${index}`).join(",") })).toEqual(["tags"]);
    expect(readTags(" 駅前、station,,station ")).toEqual(["駅前", "station"]);
  });

  it("puts one's own changes over those of somebody else, and names what both changed", () => {
    const merged = merge(FORM, { ...FORM, name: "mine", notes: "same" }, { ...FORM, name: "theirs", owner: "kankyo", notes: "same" });
    expect(merged.form).toEqual({ ...FORM, name: "mine", owner: "kankyo", notes: "same" });
    expect(merged.theirs).toEqual(["name", "owner", "notes"]);
    expect(merged.clashes).toEqual(["name"]);
  });
});

describe("why a device is in its state", () => {
  it("takes apart what the watch wrote", () => {
    expect(whyOf("no message within its expected interval")).toEqual([{ kind: "silent" }]);
    expect(whyOf("bad-payload, rule:pm25-stuck")).toEqual([{ kind: "bad-payload" }, { kind: "rule", rule: "pm25-stuck" }]);
    expect(whyOf(null)).toEqual([{ kind: "none" }]);
    expect(whyOf("something new")).toEqual([{ kind: "other" }]);
  });

  it("reads what a rule found", () => {
    expect(faultOf("aq-1: pm25 is 12 for 30 values / 値の異常")).toEqual({ kind: "same", attribute: "pm25", value: 12, count: 30 });
    expect(faultOf("aq-1: pm25 is 0 for 3600 s / 値の異常")).toEqual({ kind: "held", attribute: "pm25", value: 0, seconds: 3600 });
    expect(faultOf("aq-1: pm25 jumped from 1 to 999 / 値の異常")).toEqual({ kind: "jumped", attribute: "pm25", from: 1, to: 999 });
    expect(faultOf("aq-1: 15 of 20 values of pm25 are out of range / 値の異常")).toEqual({ kind: "beyond", attribute: "pm25", count: 15, of: 20 });
    expect(faultOf("well")).toBeUndefined();
  });
});

it("merges stored values and messages put aside into one log", () => {
  const measured = readMeasured(
    {
      id: "urn:x",
      temperature: { values: [[18, "2026-11-23T00:00:00Z"]] },
      pm25: [{ values: [[12, "2026-11-23T00:00:00Z"], [13, "2026-11-23T00:10:00Z"]] }],
    },
    10,
  );
  expect(measured.map((entry) => entry.at)).toEqual([Date.parse("2026-11-23T00:10:00Z"), Date.parse("2026-11-23T00:00:00Z")]);
  expect(measured[1]).toMatchObject({ values: [{ name: "temperature", value: 18 }, { name: "pm25", value: 12 }] });
  const log = mergeLog(measured, [{ id: 7, arrivedAt: "2026-11-23T00:05:00Z", reason: "bad-json", detail: "d" }], 2);
  expect(log.map((entry) => entry.kind)).toEqual(["stored", "kept"]);
});

it("reads times of Japan, whatever the browser's zone", () => {
  expect(fromLocalInput("2026-11-24T09:00")).toBe(Date.parse("2026-11-24T00:00:00Z"));
  expect(toLocalInput("2026-11-23T15:30:00Z")).toBe("2026-11-24T00:30");
  expect(fromLocalInput("2026-02-31T00:00")).toBeUndefined();
  expect(fromLocalInput("")).toBeUndefined();
});

it("tells the steps of a change", () => {
  const change = { before: { name: "a", location: null, x: { y: 1 } }, after: { name: "b", location: { coordinates: [139.46, 35.75] }, x: { y: 2 } } };
  expect(stepsOf(change)).toEqual([
    { member: "name", before: "a", after: "b" },
    { member: "location", before: undefined, after: "35.75, 139.46" },
    { member: "other", before: undefined, after: undefined },
  ]);
});

it("reads the address of the list, and nothing that is not there", () => {
  expect(readPlace(new URLSearchParams("state=silent&sort=-lastSeen&page=3"))).toEqual({ state: "silent", sort: "-lastSeen", page: 3 });
  expect(readPlace(new URLSearchParams("state=odd&sort=odd&page=-1"))).toEqual({ state: undefined, sort: "name", page: 1 });
});
