import i18next from "i18next";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { grantSentence, listed, organisationName } from "./sentence";

beforeAll(async () => {
  await i18next.init({ lng: "ja", supportedLngs: ["ja", "en"], resources: { ja: { shell: { word: "語" } }, en: { shell: { word: "word" } } } });
});
beforeEach(async () => {
  await i18next.changeLanguage("ja");
});

const until = "2027-03-31T15:00:00Z";

describe("a grant in a sentence", () => {
  it("says who may see what, and until when", async () => {
    const terms = { operations: ["read", "history"], types: ["TrafficFlowObserved"], validUntil: until } as const;
    const told = { ...terms, operations: [...terms.operations], types: [...terms.types] };
    expect(grantSentence("北山センサー", told)).toBe("北山センサーは、2027年3月31日まで、交通量のいまの値と過去の値を見られます。");
    await i18next.changeLanguage("en");
    expect(grantSentence("Kitayama", told)).toBe("Kitayama may see current and past values: Traffic, until 31 Mar 2027.");
  });

  it("says what else one may do, and with which attributes", () => {
    const terms = { operations: ["read" as const, "subscribe" as const], types: ["AirQualityObserved"], attributes: ["pm25", "location"] };
    expect(grantSentence("A社", terms)).toBe("A社は、大気質のPM2.5と位置のいまの値を見られ、変化の通知を受け取れます。");
    expect(grantSentence("A社", { operations: ["write", "delete"] })).toBe("A社は、すべての種類のデータの値を書き込め、データを削除できます。");
  });

  it("names a few of many", () => {
    expect(listed(["a", "b", "c", "d"])).toBe("a、b、cとd");
    expect(listed(["a", "b", "c", "d", "e"])).toBe("a、b、c ほか 2 件");
  });

  it("calls organisations by their names", async () => {
    expect(organisationName({ name: "acme", nameJa: "", nameEn: "Acme" })).toBe("Acme");
    expect(organisationName({ name: "public", nameJa: "公開" })).toBe("だれでも (一般公開)");
    await i18next.changeLanguage("en");
    expect(organisationName({ name: "acme", nameJa: "エーシーエムイー", nameEn: "" })).toBe("エーシーエムイー");
  });
});
