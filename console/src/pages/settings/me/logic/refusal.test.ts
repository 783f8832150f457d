import { expect, it } from "vitest";
import { ApiError } from "../../../../api/errors";
import { passwordFaults, reasonOf } from "./refusal";

it("a refusal is told by what was shown", () => {
  expect(reasonOf(new ApiError(403, {}), "change")).toBe("password");
  expect(reasonOf(new ApiError(400, {}), "change")).toBe("unusable");
  expect(reasonOf(new ApiError(400, {}), "code")).toBe("code");
  expect(reasonOf(new ApiError(400, {}), "proof")).toBe("password");
  expect(reasonOf(new ApiError(429, {}, 5), "code")).toBe("wait");
  expect(reasonOf(new ApiError(409, {}), "code")).toBe("taken");
  expect(reasonOf(new ApiError(500, {}), "code")).toBe("other");
  expect(reasonOf(new TypeError(), "code")).toBe("other");
});

it("a new password is looked at before it is sent", () => {
  expect([...passwordFaults("old", "a lantern over the canal", "a lantern over the canal")]).toEqual([]);
  expect([...passwordFaults("old", "short", "short")]).toEqual(["short"]);
  expect([...passwordFaults("a lantern over the canal", "a lantern over the canal", "x")]).toEqual(["same", "differs"]);
});
