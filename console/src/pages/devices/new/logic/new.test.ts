import { describe, expect, it } from "vitest";
import { readPayload } from "./payload";
import { degrees, splitPair } from "./place";
import { troubleOf } from "./trouble";

describe("a place", () => {
  it("is taken apart where both numbers are pasted into one field", () => {
    expect(splitPair("35.7598, 139.4657")).toEqual({ latitude: "35.7598", longitude: "139.4657" });
    expect(splitPair("３５．７５９８、１３９．４６５７")).toEqual({ latitude: "35.7598", longitude: "139.4657" });
    expect(splitPair("35.7598")).toBeUndefined();
    expect(splitPair("35,7598")).toEqual({ latitude: "35", longitude: "7598" });
  });

  it("has no more digits than there is in a place", () => {
    expect(degrees(139.46571234567)).toBe("139.465712");
  });
});

describe("what the API refuses", () => {
  it("is said at the field that it is about", () => {
    expect(troubleOf(409, undefined)).toEqual({ step: "name", flaw: "taken" });
    expect(troubleOf(400, "/owner")?.flaw).toBe("owner");
    expect(troubleOf(400, "/location/coordinates")).toEqual({ step: "place", flaw: "latitude" });
    expect(troubleOf(400, "/static")).toBeUndefined();
    expect(troubleOf(500, undefined)).toBeUndefined();
  });
});

describe("a message to try", () => {
  it("is JSON, or bytes where the profile reads bytes", () => {
    expect(readPayload('{"a": 1}', false)).toEqual({ value: { a: 1 } });
    expect(readPayload("01 ０２ ff", true)).toEqual({ value: "0102ff" });
    expect(readPayload("012", true)).toEqual({ flaw: "hex", line: 1 });
    expect(readPayload("  ", false)).toEqual({ flaw: "empty", line: 1 });
  });

  it("is told by the line where it cannot be read", () => {
    expect(readPayload('{\n  "a": 1\n  "b": 2\n}', false)).toEqual({ flaw: "json", line: 3 });
    expect(readPayload('{\n  "a": 1', false)).toEqual({ flaw: "json", line: 2 });
  });
});
