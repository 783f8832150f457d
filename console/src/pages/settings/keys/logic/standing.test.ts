import { describe, expect, it } from "vitest";
import { daysLeft, endsSoon, isAlive, mayRevoke, mayRotate, type Standing } from "./standing";

const NOW = Date.UTC(2026, 10, 23);
const key = (change: Partial<Standing> = {}): Standing => ({ prefix: "abcdefgh", role: "operator", organisation: "sensors", state: "valid", expiresAt: null, ...change });
const operator = { role: "operator", organisation: "sensors", prefix: "zzzzzzzz" };

describe("how long a key lasts", () => {
  it("is told in whole days, and not at all where there is no end or it has passed", () => {
    expect(daysLeft(key(), NOW)).toBeUndefined();
    expect(daysLeft(key({ expiresAt: "2026-11-24T12:00:00Z" }), NOW)).toBe(1);
    expect(daysLeft(key({ expiresAt: "2026-11-23T01:00:00Z" }), NOW)).toBe(0);
    expect(daysLeft(key({ expiresAt: "2026-11-22T00:00:00Z" }), NOW)).toBeUndefined();
  });

  it("is soon over below thirty days, where nothing has taken its place", () => {
    expect(endsSoon(key({ expiresAt: "2026-12-22T00:00:00Z" }), NOW)).toBe(true);
    expect(endsSoon(key({ expiresAt: "2026-12-23T00:00:00Z" }), NOW)).toBe(false);
    expect(endsSoon(key({ state: "rotated", expiresAt: "2026-11-24T00:00:00Z" }), NOW)).toBe(false);
    expect(endsSoon(key(), NOW)).toBe(false);
  });
});

it("a key that is void or over is not alive; one that was replaced still is", () => {
  expect(["valid", "rotated", "disabled", "expired", "revoked"].filter((state) => isAlive(key({ state })))).toEqual(["valid", "rotated", "disabled"]);
});

describe("what one may do about a key", () => {
  it("is to replace one's own, or any as an administrator", () => {
    expect(mayRotate(key(), operator)).toBe(false);
    expect(mayRotate(key({ prefix: "zzzzzzzz" }), operator)).toBe(true);
    expect(mayRotate(key({ organisation: "other" }), { ...operator, role: "administrator" })).toBe(true);
    expect(mayRotate(key({ prefix: "zzzzzzzz", state: "rotated" }), operator)).toBe(false);
  });

  it("is to make void what one could have given", () => {
    const gives = ["operator", "partner"];
    expect(mayRevoke(key(), operator, gives)).toBe(true);
    expect(mayRevoke(key({ role: "service" }), operator, gives)).toBe(false);
    expect(mayRevoke(key({ organisation: "other" }), operator, gives)).toBe(false);
    expect(mayRevoke(key({ state: "revoked" }), operator, gives)).toBe(false);
    expect(mayRevoke(key({ role: "service", organisation: "other" }), { ...operator, role: "administrator" }, gives)).toBe(true);
  });
});
