import { describe, expect, it } from "vitest";
import type { Rule } from "../asking";
import { draftOf, EMPTY, flawsOf, type Form, formOf, limitsOf, newId, questionOf } from "./draft";
import * as health from "./health";

const RULE: Rule = {
  id: "humid",
  name: "多湿",
  type: "WeatherObserved",
  attribute: "relativeHumidity",
  above: 0.85,
  hysteresis: 0.05,
  forSeconds: 600,
  severity: "high",
  category: "weather",
  message: "m",
  recoveryMessage: "r",
  isActive: false,
  createdAt: "2026-11-23T00:00:00Z",
  modifiedAt: "2026-11-23T00:00:00Z",
};
const FORM: Form = { ...EMPTY, name: "PM2.5", type: "AirQualityObserved", attribute: "pm25", above: "35" };

describe("the form of an alarm rule", () => {
  it("shows thresholds as people read them, and sends them as the data has them", () => {
    const form = formOf(RULE, 100);
    expect(form).toMatchObject({ side: "above", above: "85", hysteresis: "5", minutes: "10", severity: "high" });
    const { createdAt, modifiedAt, ...same } = RULE;
    expect(createdAt).toBe(modifiedAt);
    expect(draftOf(form, 100, "humid", RULE)).toEqual(same);
  });

  it("names what is wrong", () => {
    expect(flawsOf(FORM)).toEqual([]);
    expect(flawsOf(EMPTY)).toEqual(["name", "type", "attribute", "above"]);
    expect(flawsOf({ ...FORM, side: "outside", below: "34", hysteresis: "1" })).toEqual(["order"]);
    expect(flawsOf({ ...FORM, hysteresis: "-1", minutes: "x" })).toEqual(["hysteresis", "minutes"]);
    expect(flawsOf({ ...FORM, side: "below" })).toEqual(["below"]);
  });

  it("asks for what is beyond now", () => {
    expect(limitsOf({ ...FORM, side: "outside", above: "３５", below: "-2.5" }, 1)).toEqual({ above: 35, below: -2.5 });
    expect(limitsOf({ ...FORM, above: "" }, 1)).toBeUndefined();
    expect(questionOf("pm25", { above: 35, below: -2.5 })).toBe("pm25>35|pm25<-2.5");
    expect(questionOf("pm25", { below: 1 })).toBe("pm25<1");
  });

  it("makes ids that the API takes", () => {
    expect(newId("https://x/pm25", 1)).toMatch(/^[A-Za-z0-9_.-]{1,64}$/);
  });
});

describe("the form of a health rule", () => {
  it("comes back the same, with what the form does not show", () => {
    const rule = { id: "stuck", attribute: "pm25", profile: "air-quality", stuckValues: 30, stuckSeconds: 3600, maxStep: 400, minimum: 0, maximum: 1000, share: 0.2, devices: ["a"] };
    expect(health.formOf(rule).stuckMinutes).toBe("60");
    expect(health.ruleOf(health.formOf(rule), "stuck", rule)).toEqual(rule);
  });

  it("names what is wrong", () => {
    expect(health.flawsOf(health.EMPTY)).toEqual(["attribute", "condition"]);
    expect(health.flawsOf({ ...health.EMPTY, attribute: "pm25", stuckValues: "1" })).toEqual(["stuckValues"]);
    expect(health.flawsOf({ ...health.EMPTY, attribute: "pm25", minimum: "5", maximum: "5" })).toEqual(["order"]);
  });
});
