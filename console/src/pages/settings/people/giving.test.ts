import { describe, expect, it } from "vitest";
import { rolesToGive, tenantOptions, usualRole } from "./giving";

describe("roles to give", () => {
  it("are those of the organisation's kind, and no more than one's own", () => {
    expect(rolesToGive("administrator", "town")).toEqual(["administrator", "staff", "operator", "partner", "service"]);
    expect(rolesToGive("administrator", "partner")).toEqual(["partner", "service"]);
    expect(rolesToGive("operator", "operator")).toEqual(["operator", "partner"]);
    expect(rolesToGive("partner", "partner")).toEqual(["partner"]);
    expect(rolesToGive("staff", "town")).toEqual([]);
    expect(rolesToGive("service", "town")).toEqual([]);
    expect(rolesToGive("administrator", "public")).toEqual([]);
  });

  it("begin with the least that is of use", () => {
    expect(usualRole(["administrator", "staff", "operator"])).toBe("operator");
    expect(usualRole(["partner", "service"])).toBe("partner");
    expect(usualRole(["service"])).toBe("service");
    expect(usualRole([])).toBeUndefined();
  });
});

describe("tenants to give", () => {
  it("are the organisation's, all of them only where one opens all of them", () => {
    expect(tenantOptions("operator", ["a", "b"], ["a", "b", "c"])).toEqual({ names: ["a", "b"], all: "organisation", first: ["a"] });
    expect(tenantOptions("operator", ["a", "b"], ["b"])).toEqual({ names: ["b"], all: undefined, first: ["b"] });
  });

  it("are every one, those to come as well, for administrators only", () => {
    expect(tenantOptions("administrator", null, ["default", "x"]).all).toBe("every");
    expect(tenantOptions("staff", null, ["default", "x"])).toEqual({ names: ["default", "x"], all: undefined, first: ["default"] });
  });
});
