import { expect, it } from "vitest";
import { tenantToSend, usualTenant } from "./tenants";

it("the tenant that goes without saying is not sent", () => {
  expect(usualTenant(["default", "north"])).toBe("default");
  expect(usualTenant(["north"])).toBe("north");
  expect(usualTenant(["north", "south"])).toBeUndefined();
  expect(tenantToSend("default", ["default", "north"])).toBeNull();
  expect(tenantToSend("north", ["default", "north"])).toBe("north");
  expect(tenantToSend("north", ["north", "south"])).toBe("north");
});
