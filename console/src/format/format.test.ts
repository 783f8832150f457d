import i18next from "i18next";
import { beforeAll, describe, expect, it } from "vitest";
import { formatBytes, formatNumber } from "./numbers";
import { attributeName, plainId, themeOf, typeName } from "./names";
import { parkingStep, riverStep, stepOf } from "./scales";
import { fiscalYearOf, fiscalYearRange, formatAge, formatFiscalYear, formatMoment, fromDateInput, startOfDay, toDateInput } from "./times";
import { formatValue } from "./units";

// The tests run in New York's time: what is written is Japan's all the same
beforeAll(async () => {
  await i18next.init({ lng: "ja", supportedLngs: ["ja", "en"], resources: { ja: {}, en: {} } });
});

describe("times", () => {
  const MIDNIGHT = Date.parse("2026-03-31T15:00:00Z"); // 1 April in Japan

  it("are Japan's", () => {
    expect(formatMoment("2026-11-23T20:05:00Z")).toBe("2026/11/24 05:05 JST");
    expect(startOfDay(Date.parse("2026-11-23T20:05:00Z"))).toBe(Date.parse("2026-11-23T15:00:00Z"));
    expect(toDateInput(MIDNIGHT)).toBe("2026-04-01");
    expect(fromDateInput("2026-04-01")).toBe(MIDNIGHT);
    expect(fromDateInput("2026-02-30")).toBeUndefined();
  });

  it("fall into fiscal years from the first of April", () => {
    expect(fiscalYearOf(MIDNIGHT - 1)).toBe(2025);
    expect(fiscalYearOf(MIDNIGHT)).toBe(2026);
    expect(fiscalYearRange(2026).from).toBe(MIDNIGHT);
    expect(formatFiscalYear(2026)).toBe("令和8年度");
    expect(formatFiscalYear(2019)).toBe("令和元年度");
    expect(formatFiscalYear(2018)).toBe("2018年度");
  });

  it.each([
    [2_000, "たったいま"],
    [59_000, "59秒前"],
    [61_000, "1分前"],
    [7_200_000, "2時間前"],
    [3 * 86_400_000, "3日前"],
  ])("%d ms ago", (age, text) => {
    expect(formatAge(MIDNIGHT - age, MIDNIGHT)).toBe(text);
  });
});

describe("values", () => {
  it.each([
    ["pm25", 12.34, "GQ", "12.3 µg/m³"],
    ["relativeHumidity", 0.456, undefined, "46 %"],
    ["intensity", 1234, undefined, "1,234台"],
    ["temperature", -0.04, "CEL", "-0.0 ℃"],
    ["windDirection", 44, "DD", "北東 44 °"],
    ["congested", true, undefined, "はい"],
    ["refDevice", "urn:ngsi-ld:Device:aq-1", undefined, "aq-1"],
    ["floodLevelStatus", "danger", undefined, "危険"],
    ["location", { type: "Point", coordinates: [139.4686, 35.7597] }, undefined, "北緯 35.7597 度、東経 139.4686 度"],
  ])("%s %s %s", (attribute, value, unit, text) => {
    expect(formatValue(attribute, value, unit)).toBe(text);
  });

  it("are never objects for people", () => {
    expect(formatValue("anything", { a: { b: 1 } })).toBe("–");
    expect(formatNumber(NaN)).toBe("–");
    expect(formatBytes(1_234_567)).toBe("1.2 MB");
  });
});

describe("levels", () => {
  it("begin at their thresholds", () => {
    expect(stepOf("pm25", 34.9, "GQ")?.level).toBe(1);
    expect(stepOf("pm25", 35, "GQ")?.level).toBe(2);
    expect(stepOf("wbgt", 31)?.name[0]).toBe("危険");
    expect(stepOf("averageVehicleSpeed", 8, "KMH")?.level).toBe(4);
  });

  it("are none in another unit, and none without a scale", () => {
    expect(stepOf("pm25", 35, "GP")).toBeUndefined();
    expect(stepOf("pm25", 35)).toBeUndefined();
    expect(stepOf("pH", 7)).toBeUndefined();
  });

  it("are those of the place where it has its own", () => {
    expect(parkingStep(0, 100)?.name[0]).toBe("満車");
    expect(parkingStep(50, undefined)).toBeUndefined();
    expect(riverStep(2.1, 1.5, 2.0)?.level).toBe(4);
    expect(riverStep(1.6, 1.5, 2.0)?.level).toBe(3);
    expect(riverStep(0.2, 1.5, 2.0)?.level).toBe(0);
  });
});

it("names are words, also those we do not know", () => {
  expect(attributeName("https://uri.example/terms/soilPressure")).toBe("soil Pressure");
  expect(attributeName("LAeq")).toBe("騒音レベル (LAeq)");
  expect(typeName("FloodMonitoring")).toBe("河川の水位");
  expect(themeOf(["Unknown", "OffStreetParking"])).toBe("traffic");
  expect(plainId("urn:ngsi-ld:Thing:a:b")).toBe("a:b");
});
