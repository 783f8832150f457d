/** What the API explained, for people: yes or no, why, and what to change. */

import type { components } from "../../../../api/schema";
import type { Asked } from "./question";

export type Explanation = components["schemas"]["AccessExplanation"];
export type Step = components["schemas"]["AccessStep"];

/** `partly`: the places are there, and what was asked for of them is not. */
export type Verdict = "yes" | "partly" | "no";

export function verdictOf(told: Explanation, asked: Asked): Verdict {
  if (!told.allowed || told.steps.some((step) => step.code === "typeNotGranted")) return "no";
  const hidden = hiddenOf(told, asked);
  if (hidden.length === 0) return "yes";
  return asked.attribute === "" ? "partly" : "no";
}

/** The steps about what is hidden, narrowed to the attribute that was asked about. */
function hiddenOf(told: Explanation, asked: Asked): Step[] {
  return told.steps.filter((step) => HIDING.has(step.code) && (asked.attribute === "" || step.attribute === asked.attribute));
}

const HIDING = new Set<Step["code"]>(["attributeNotGranted", "attributePersonal"]);

/** What is shown: the grants there are only where they decide nothing by themselves, and nothing about other attributes. */
export function shownSteps(told: Explanation, asked: Asked): Step[] {
  const kept = new Set(hiddenOf(told, asked));
  return told.steps.filter((step) => step.code !== "grant" && (!HIDING.has(step.code) || kept.has(step)));
}

export type Change =
  /** Another grant, filled in with what was asked. */
  | { readonly kind: "grant" }
  /** A grant there is: later, wider, with more attributes. */
  | { readonly kind: "edit"; readonly grant: number; readonly what: "time" | "place" | "more" | "attributes" | "personal" }
  | { readonly kind: "organisation" }
  | { readonly kind: "service" };

/** What may be changed so that the answer is another, the nearest first. */
export function changesFor(told: Explanation, asked: Asked): Change[] {
  if (verdictOf(told, asked) === "yes") return [];
  const codes = new Set(told.steps.map((step) => step.code));
  if (codes.has("organisationDisabled") || codes.has("keyVoid") || codes.has("tenantClosed")) return [{ kind: "organisation" }];
  if (codes.has("noPermission")) return asked.organisation === "public" ? [] : [{ kind: "service" }];
  if (codes.has("entityMissing") || codes.has("noRoute") || codes.has("refused")) return [];
  const found: Change[] = told.steps.flatMap((step) => changeOf(step));
  for (const step of hiddenOf(told, asked)) found.push(...forHidden(step, told.grants));
  const isEmpty = !codes.has("grantApplies");
  const all = [...found, ...(isEmpty || found.length === 0 ? [{ kind: "grant" } as const] : [])];
  return all.filter((one, index) => all.findIndex((other) => JSON.stringify(other) === JSON.stringify(one)) === index);
}

/** One thing that keeps a grant from being about it can be changed there; for more it is another grant that is meant. */
function changeOf(step: Step): Change[] {
  const [only, ...others] = step.why ?? [];
  if (step.code !== "grantNotAbout" || step.grant === undefined || step.grant === 0 || only === undefined || others.length > 0) return [];
  if (only === "ended" || only === "notBegun") return [{ kind: "edit", grant: step.grant, what: "time" }];
  if (only === "area" || only === "scopes") return [{ kind: "edit", grant: step.grant, what: "place" }];
  return only === "operation" ? [{ kind: "edit", grant: step.grant, what: "more" }] : [];
}

function forHidden(step: Step, grants: readonly number[]): Change[] {
  const grant = grants.find((one) => one > 0);
  if (grant === undefined) return [];
  return [{ kind: "edit", grant, what: step.code === "attributePersonal" ? "personal" : "attributes" }];
}
