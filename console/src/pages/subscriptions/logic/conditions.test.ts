import { describe, expect, it } from "vitest";
import { type Condition, flawOf, normalizeNumber, readQ, writeQ } from "./conditions";

const one = (attribute: string, operator: Condition["operator"], value = "", upper?: string): Condition => ({
  attribute,
  operator,
  value,
  ...(upper !== undefined && { upper }),
});

const KNOWN: [string, Condition[], "all" | "any"][] = [
  ["pm25>35", [one("pm25", ">", "35")], "all"],
  ["pm25>=35;temperature<-1.5", [one("pm25", ">=", "35"), one("temperature", "<", "-1.5")], "all"],
  ["a==1|b!=true", [one("a", "==", "1"), one("b", "!=", "true")], "any"],
  ['name=="駅; \\"西口\\" | \\\\"', [one("name", "==", '駅; "西口" | \\')], "all"],
  ["pm25==10..20.5", [one("pm25", "between", "10", "20.5")], "all"],
  ['name~="a\\\\.b"', [one("name", "contains", "a.b")], "all"],
  ["congested", [one("congested", "exists")], "all"],
  ["address.city==\"東村山市\"", [one("address.city", "==", "東村山市")], "all"],
];

describe("conditions and q", () => {
  it.each(KNOWN)("%s is written", (q, conditions, joint) => {
    expect(writeQ(conditions, joint)).toBe(q);
  });

  it.each(KNOWN)("%s is read", (q, conditions, joint) => {
    expect(readQ(q)).toEqual({ conditions, joint });
  });

  it.each(["(a>1;b>2)|c>3", "a>1;b>2|c>3", 'a=="35"', "a==1,2", "a[b]>1", "a{b}==1", 'a~="^x"', "a!~=x", "", "a>"])("%j stays text", (q) => {
    expect(readQ(q)).toBeUndefined();
  });

  it("nothing is written of what is not right yet", () => {
    expect(writeQ([one("pm25", ">", ""), one("", ">", "1")], "all")).toBeUndefined();
    expect(writeQ([one("pm25", ">", "x"), one("no2", ">", "40")], "all")).toBe("no2>40");
  });

  it.each<[Condition, string | undefined]>([
    [one("", ">", "1"), "attribute"],
    [one("pm25", ">", ""), "value"],
    [one("pm25", ">", "高い"), "number"],
    [one("pm25", "between", "10"), "number"],
    [one("pm25", "between", "10", "5"), "order"],
    [one("name", "==", "駅"), undefined],
    [one("name", "exists"), undefined],
    [one("pm25", ">", "３５"), undefined],
  ])("%j: %s", (condition, flaw) => {
    expect(flawOf(condition)).toBe(flaw);
  });

  it.each([
    ["３５．５", "35.5"],
    ["1,000", "1000"],
    ["−2", "-2"],
    ["abc", "abc"],
    ["1,2", "1,2"],
  ])("%s is the number %s", (typed, number) => {
    expect(normalizeNumber(typed)).toBe(number);
  });
});
