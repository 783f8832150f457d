import i18next from "i18next";
import { beforeAll, describe, expect, it } from "vitest";
import { acceptAddress, englishMessage, japaneseMessage } from "./message";
import { isName, proposeName } from "./naming";

beforeAll(async () => {
  await i18next.init({ lng: "ja", supportedLngs: ["ja", "en"], resources: { ja: {}, en: {} } });
});

describe("a name for programs", () => {
  it("comes from what the organisation is called", () => {
    expect(proposeName(["", "Kitayama Sensors, Inc."], "partner", new Set())).toBe("kitayama-sensors-inc");
    expect(proposeName(["ＡＢＣ商事", ""], "partner", new Set())).toBe("abc");
    expect(proposeName(["北山センサー", ""], "partner", new Set(["partner-1"]))).toBe("partner-2");
    expect(proposeName(["Acme", ""], "partner", new Set(["acme", "acme-2"]))).toBe("acme-3");
  });

  it("is one that the API takes", () => {
    for (const called of ["- Acme -", "A".repeat(90), "é", "a--b"]) expect(isName(proposeName([called], "operator", new Set()))).toBe(true);
    expect([isName("Acme"), isName("a_b"), isName("-a")]).toEqual([false, false, false]);
  });
});

describe("an invitation", () => {
  const invited = { name: "北山センサー", code: "machi_invite_abcdefgh_x", origin: "https://machi.example", expiresAt: "2026-11-26T00:00:00Z" };

  it("has the code behind the #, which no server sees", () => {
    expect(acceptAddress(invited)).toBe("https://machi.example/invitation#machi_invite_abcdefgh_x");
  });

  it("says until when, in Japan's time, and how", () => {
    for (const text of [japaneseMessage(invited), englishMessage(invited)]) {
      expect(text).toContain("2026/11/26 09:00 JST");
      expect(text).toContain(acceptAddress(invited));
      expect(text).toContain(`-d '{"code": "${invited.code}"}'`);
    }
  });
});
