import { describe, expect, it } from "vitest";
import { partsOf } from "./message";
import { draftOf, flawsOf, NEW_TERMS } from "./terms";

describe("a message of a device that waits", () => {
  it("is shown by its names and values", () => {
    expect(partsOf('{"pm25": 12.3, "air": {"temp": {"value": 18}}, "ok": true}')).toEqual([
      { name: "pm25", value: "12.3" },
      { name: "air.temp.value", value: "18" },
      { name: "ok", value: "true" },
    ]);
    expect(partsOf('[{"a": 1}, {"a": 2}]')).toEqual([{ name: "a", value: "1" }]);
    expect(partsOf(JSON.stringify(Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`k${at}`, at]))))).toHaveLength(12);
    expect(partsOf("\u0001\u0002")).toBeUndefined();
    expect(partsOf("12")).toBeUndefined();
  });
});

describe("the terms of a group", () => {
  const now = Date.parse("2026-11-23T00:00:00Z");
  const good = { ...NEW_TERMS, id: "schools", prefix: "aq-", most: "５０", until: "2026-11-23", profile: "air-quality" };

  it("are held against what the API takes", () => {
    expect(flawsOf(NEW_TERMS, now)).toEqual(["id"]);
    expect(flawsOf({ ...good, most: "0", prefix: "秋" }, now)).toEqual(["prefix", "most"]);
    expect(flawsOf({ ...good, until: "2026-11-22" }, now)).toEqual(["until"]);
    expect(flawsOf(good, now)).toEqual([]);
  });

  it("end with the last day in Japan", () => {
    expect(draftOf(good)).toEqual({ prefix: "aq-", maxDevices: 50, profile: "air-quality", expiresAt: "2026-11-23T15:00:00.000Z" });
    expect(draftOf({ ...NEW_TERMS, id: "a" })).toEqual({ prefix: "", maxDevices: 100 });
  });
});
