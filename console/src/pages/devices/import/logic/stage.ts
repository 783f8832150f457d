/** How far an import is, as the page tells it. */

export type State = "checked" | "refused" | "waiting" | "registering" | "provisioning" | "done";
export type Stage = "report" | "working" | "result";

/** A dry run or a refused file has a report; the others have work or its result. */
export function stageOf(state: State): Stage {
  if (state === "checked" || state === "refused") return "report";
  return state === "waiting" || state === "registering" ? "working" : "result";
}

/** Whether it goes on by itself, so that it is worth looking again. */
export const isUnderWay = (state: State): boolean => state === "waiting" || state === "registering" || state === "provisioning";

/** Who did something, as people know it: a key by its beginning, an account by its name. */
export function whoOf(principal: string): { readonly kind: "key" | "other"; readonly name: string } {
  const at = principal.indexOf(":");
  const name = at < 0 ? principal : principal.slice(at + 1);
  return { kind: principal.startsWith("key:") ? "key" : "other", name };
}
