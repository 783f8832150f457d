// @vitest-environment happy-dom
import { beforeEach, expect, it } from "vitest";
import { isMissingPart, isPageFault, mayReload } from "./faultKinds";

beforeEach(() => sessionStorage.clear());

it("knows a part that could not be fetched", () => {
  expect(isMissingPart(new TypeError("Failed to fetch dynamically imported module: /assets/x.js"))).toBe(true);
  expect(isMissingPart(new TypeError("error loading dynamically imported module"))).toBe(true);
  expect(isMissingPart(new TypeError("Importing a module script failed."))).toBe(true);
  expect(isMissingPart(new TypeError("x is undefined"))).toBe(false);
});

it("tells of faults, not of what was stopped on purpose", () => {
  expect(isPageFault(new TypeError("x is undefined"))).toBe(true);
  expect(isPageFault("ResizeObserver loop completed with undelivered notifications.")).toBe(false);
  expect(isPageFault(new DOMException("stopped", "AbortError"))).toBe(false);
  expect(isPageFault(new DOMException("late", "TimeoutError"))).toBe(true);
});

it("reloads once, and again only after a while", () => {
  expect(mayReload(1_000_000)).toBe(true);
  expect(mayReload(1_010_000)).toBe(false);
  expect(mayReload(1_040_000)).toBe(true);
});
