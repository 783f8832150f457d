import { describe, expect, it } from "vitest";
import { known } from "./reasons";
import { add, EMPTY, seen } from "./report";
import { bodyOf, ofAllReasons, readSelection } from "./selection";
import { byteOf, hexLines, markText, spotOf } from "./spot";

describe("where the trouble is", () => {
  it("finds characters, bytes, names and values in what the decoder said", () => {
    expect(spotOf("unexpected character, expected a string key: line 1 column 2 (char 1)")).toEqual({ character: 1 });
    expect(spotOf("byte 3 begins a value that is cut off")).toEqual({ byte: 3 });
    expect(spotOf("'pm25' is not a number but 'much'")).toEqual({ word: "pm25" });
    expect(spotOf("1 of 2 values; the first: 'pm25' is not a number")).toEqual({ word: "pm25" });
    expect(spotOf("the message has pm2_5, odd")).toEqual({ word: "pm2_5" });
    expect(spotOf("the payload carries no value")).toEqual({});
  });

  it("marks it in a text, where characters have several bytes", () => {
    expect(markText("{oops", { character: 1 })).toEqual(["{", "o", "ops"]);
    expect(markText("気温x", { byte: 6 })).toEqual(["気温", "x", ""]);
    expect(markText("ab", { byte: 2 })).toEqual(["a", "b", ""]);
    expect(markText("ab", { byte: 9 })).toBeUndefined();
    expect(markText('{"pm25": "much"}', { word: "pm25" })).toEqual(["{", '"pm25"', ': "much"}']);
    expect(byteOf("気温x", { character: 2 })).toBe(6);
  });

  it("writes hexadecimal in lines", () => {
    expect(hexLines("00".repeat(17)).map((line) => [line.at, line.pairs.length])).toEqual([
      ["0000", 16],
      ["0010", 1],
    ]);
  });
});

it("adds up what a replay made of the messages, with the reasons of those that stayed", () => {
  const once = add(EMPTY, {
    counts: { stored: 2, quarantined: 1 },
    messages: [
      { id: 1, result: "stored" },
      { id: 2, result: "stored" },
      { id: 3, result: "quarantined", reason: "bad-json", detail: "d" },
    ],
  });
  const twice = add(once, { counts: { quarantined: 1 }, messages: [{ id: 4, result: "quarantined", reason: "bad-json", detail: "e" }] });
  expect(twice.counts).toMatchObject({ stored: 2, quarantined: 2, gone: 0 });
  expect(twice.refused).toEqual([{ reason: "bad-json", count: 2, detail: "d" }]);
  expect(seen(twice)).toBe(4);
});

it("reads the filters, and never sends none of them", () => {
  const now = Date.parse("2026-11-24T03:00:00Z");
  const selection = readSelection(new URLSearchParams("reason=bad-json&device=ａｑ-1&period=today"), now);
  expect(selection).toEqual({ reason: "bad-json", device: "aq-1", since: "2026-11-23T15:00:00.000Z", until: "2026-11-24T15:00:00.000Z" });
  expect(ofAllReasons(selection)).not.toHaveProperty("reason");
  expect(bodyOf({})).toEqual({ since: "1990-01-01T00:00:00Z" });
  expect(bodyOf({ device: "a" })).toEqual({ device: "a" });
});

it("knows a new reason as another one", () => {
  expect(known("bad-frame")).toBe("bad-frame");
  expect(known("brand-new")).toBe("other");
});
