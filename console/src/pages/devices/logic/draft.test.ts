import { describe, expect, it } from "vitest";
import { draftOf, EMPTY, flawsOf, readNumber, sampleOf } from "./draft";

describe("the form of a new device", () => {
  it("reads numbers of full width", () => {
    expect(readNumber("３５．７５")).toBe(35.75);
    expect(readNumber("35,75")).toBeUndefined();
  });

  it("wants a profile and an id, and a whole place or none", () => {
    expect(flawsOf(EMPTY, "profile")).toEqual(["profile"]);
    expect(flawsOf(EMPTY, "place")).toEqual([]);
    expect(flawsOf({ ...EMPTY, latitude: "35.75" }, "place")).toEqual(["longitude"]);
    expect(flawsOf({ ...EMPTY, latitude: "139", longitude: "35" }, "place")).toEqual(["latitude"]);
    expect(flawsOf({ ...EMPTY, id: "騒音 1" }, "name")).toEqual(["id"]);
    expect(flawsOf({ ...EMPTY, id: "aq-001" }, "name")).toEqual([]);
  });

  it("asks for what was typed and nothing else", () => {
    expect(draftOf({ ...EMPTY, profile: "noise", id: " n-1 " })).toEqual({ id: "n-1", profile: "noise" });
    const whole = draftOf({ profile: "noise", id: "n-1", name: "北口", latitude: "35.75", longitude: "139.46", owner: "kita" });
    expect(whole.location).toEqual({ type: "Point", coordinates: [139.46, 35.75] });
    expect(whole).toMatchObject({ name: "北口", owner: "kita" });
  });

  it("makes a message to try a profile with", () => {
    const values = { level: { min: -5, max: 20 }, "state.door": { map: { "0": "closed" } }, fw: { accepts: "text" } };
    expect(JSON.parse(sampleOf({ values }))).toEqual({ level: 7.5, state: { door: "0" }, fw: "1.0" });
    expect(sampleOf({ codec: "elsys", values })).toBe("");
  });
});
