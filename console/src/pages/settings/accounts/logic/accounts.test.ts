import { describe, expect, it } from "vitest";
import { type AccountForm, changeOf, draftOf, faultsOf } from "./form";
import { matches, nameOf, standingOf } from "./standing";

const NOW = Date.UTC(2026, 10, 23);
const form = (change: Partial<AccountForm> = {}): AccountForm => ({ name: "hanako", shown: "花子", organisation: "town", role: "staff", tenants: null, ...change });

describe("a person's account", () => {
  it("is asked for with a plain name", () => {
    expect(draftOf(form({ name: " Ｈanako.H ", tenants: ["default"] }))).toEqual({ name: "hanako.h", shown: "花子", organisation: "town", role: "staff", tenants: ["default"] });
  });

  it("says what is wrong with it", () => {
    const taken = new Set(["taro"]);
    expect([...faultsOf(form(), taken)]).toEqual([]);
    expect([...faultsOf(form({ name: "花子" }), taken)]).toEqual(["name"]);
    expect([...faultsOf(form({ name: "Taro", tenants: [] }), taken)]).toEqual(["taken", "tenants"]);
  });

  it("is changed by what is different, and not at all otherwise", () => {
    const former = { shown: "花子", organisation: "town", role: "staff", tenants: null } as const;
    expect(changeOf(former, form())).toBeUndefined();
    expect(changeOf(former, form({ role: "operator", tenants: ["default"] }))).toEqual({ role: "operator", tenants: ["default"] });
    expect(changeOf({ ...former, tenants: ["a", "b"] }, form({ tenants: ["b", "a"] }))).toBeUndefined();
    expect(changeOf({ ...former, tenants: ["a"] }, form({ tenants: null }))).toEqual({ tenants: null });
  });

  it("stands by its password, its code and whether it is disabled", () => {
    expect(standingOf({ hasPassword: true }, NOW)).toBe("open");
    expect(standingOf({ hasPassword: false, codeUntil: "2026-11-24T00:00:00Z" }, NOW)).toBe("invited");
    expect(standingOf({ hasPassword: false, codeUntil: "2026-11-22T00:00:00Z" }, NOW)).toBe("lapsed");
    expect(standingOf({ hasPassword: true, disabledAt: "2026-11-22T00:00:00Z" }, NOW)).toBe("disabled");
  });

  it("is found by its names", () => {
    expect(nameOf({ name: "hanako", shown: "" })).toBe("hanako");
    expect(matches({ name: "hanako", shown: "東村山 花子" }, "花子 HANA")).toBe(true);
    expect(matches({ name: "hanako", shown: "東村山 花子" }, "太郎")).toBe(false);
    expect(matches({ name: "hanako" }, "")).toBe(true);
  });
});
