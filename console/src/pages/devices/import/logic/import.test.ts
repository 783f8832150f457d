import { describe, expect, it } from "vitest";
import { flawOf, MOST_BYTES } from "./file";
import { forgetFile, keepFile, keptFile } from "./kept";
import { choicesOf, columnFaults, type Fault, onlyWanted, rowsOf } from "./rows";
import { isUnderWay, stageOf, whoOf } from "./stage";

const file = (name: string, size = 10) => ({ name, size });

describe("a file that is chosen", () => {
  it("is refused before it is sent where that is plain", () => {
    expect(flawOf([])).toBe("none");
    expect(flawOf([file("a.csv"), file("b.csv")])).toBe("several");
    expect(flawOf([file("台帳.xls")])).toBe("oldExcel");
    expect(flawOf([file("photo.png")])).toBe("type");
    expect(flawOf([file("a.csv", 0)])).toBe("empty");
    expect(flawOf([file("a.xlsx", MOST_BYTES + 1)])).toBe("large");
    expect(flawOf([file("A.XLSX", MOST_BYTES)])).toBeUndefined();
  });
});

describe("the rows of a report", () => {
  const fault = (row: number, code: string, severity: Fault["severity"] = "error"): Fault => ({ row, code, severity, what: "", mend: "" });
  const faults = [fault(1, "column-unknown", "warning"), fault(3, "swapped"), fault(3, "number"), fault(2, "far-away", "warning"), fault(9, "required")];
  const rows = rowsOf(
    [
      { row: 3, id: "b", action: "refuse" },
      { row: 2, id: "a", action: "create" },
      { row: 4, id: "c", action: "unchanged" },
    ],
    faults,
  );

  it("stand in the file's order with all that is said of them", () => {
    expect(rows.map((row) => [row.row, row.action, row.faults.map((one) => one.code)])).toEqual([
      [2, "create", ["far-away"]],
      [3, "refuse", ["swapped", "number"]],
      [4, "unchanged", []],
      [9, "refuse", ["required"]],
    ]);
    expect(columnFaults(faults).map((one) => one.row)).toEqual([1]);
  });

  it("are narrowed to what one looks for", () => {
    expect(onlyWanted(rows, "refused").map((row) => row.row)).toEqual([3, 9]);
    expect(onlyWanted(rows, "noted").map((row) => row.row)).toEqual([2, 3, 9]);
    expect(onlyWanted(rows, "all")).toHaveLength(4);
    expect(choicesOf(rows).map((one) => one.value)).toEqual(["all", "refused", "noted"]);
    expect(choicesOf(rows.filter((row) => row.row === 4)).map((one) => one.value)).toEqual(["all"]);
  });
});

describe("an import", () => {
  it("is looked at again while it goes on", () => {
    expect(["checked", "refused", "waiting", "registering", "provisioning", "done"].map((state) => stageOf(state as "done"))).toEqual([
      "report",
      "report",
      "working",
      "working",
      "result",
      "result",
    ]);
    expect(isUnderWay("provisioning")).toBe(true);
    expect(isUnderWay("done")).toBe(false);
  });

  it("names who did it without its kind", () => {
    expect(whoOf("key:abcdefgh")).toEqual({ kind: "key", name: "abcdefgh" });
    expect(whoOf("account:hanako")).toEqual({ kind: "other", name: "hanako" });
  });
});

describe("a file that is kept", () => {
  const texts = new Map<string, string>();
  const store = {
    getItem: (name: string) => texts.get(name) ?? null,
    setItem: (name: string, text: string) => void texts.set(name, text),
    removeItem: (name: string) => void texts.delete(name),
  };

  it("comes back the same, for its own import only", async () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index % 256);
    expect(await keepFile(7, new File([bytes], "台帳.csv"), store)).toBe(true);
    const back = keptFile("7", store);
    expect(back?.name).toBe("台帳.csv");
    expect(new Uint8Array((await back?.arrayBuffer()) ?? new ArrayBuffer(0))).toEqual(bytes);
    expect(keptFile("8", store)).toBeUndefined();
    forgetFile(store);
    expect(keptFile("7", store)).toBeUndefined();
  });

  it("is not kept where it is too large", async () => {
    expect(await keepFile(7, new File([new Uint8Array(2 * 1024 * 1024 + 1)], "a.csv"), store)).toBe(false);
    expect(keptFile("7", store)).toBeUndefined();
  });
});
