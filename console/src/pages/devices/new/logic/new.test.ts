import { describe, expect, it } from "vitest";
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
