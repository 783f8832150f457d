/** Why a device is in its state: what the watch wrote down, taken apart so that it can be said in both languages. */

export type Why =
  | { readonly kind: "none" | "first-message" | "silent" | "well" | "bad-payload" | "rate-limited" | "other" }
  | { readonly kind: "rule"; readonly rule: string };

const SENTENCES: Readonly<Record<string, Why["kind"] & ("first-message" | "silent" | "well")>> = {
  "first message": "first-message",
  "no message within its expected interval": "silent",
  "messages come and are taken": "well",
};
const KINDS = new Set(["silent", "silent-together", "bad-payload", "rate-limited"]);

/** Reads `stateReason` and what a maintenance calls `raised`: sentences, or kinds with commas between them. */
export function whyOf(reason: string | null | undefined): Why[] {
  if (reason === null || reason === undefined || reason === "") return [{ kind: "none" }];
  const sentence = SENTENCES[reason];
  if (sentence !== undefined) return [{ kind: sentence }];
  return reason.split(", ").map(readKind);
}

function readKind(word: string): Why {
  if (word.startsWith("rule:")) return { kind: "rule", rule: word.slice("rule:".length) };
  if (!KINDS.has(word)) return { kind: "other" };
  return { kind: word === "silent-together" ? "silent" : (word as "silent" | "bad-payload" | "rate-limited") };
}

export type Fault =
  | { readonly kind: "same"; readonly attribute: string; readonly value: number; readonly count: number }
  | { readonly kind: "held"; readonly attribute: string; readonly value: number; readonly seconds: number }
  | { readonly kind: "jumped"; readonly attribute: string; readonly from: number; readonly to: number }
  | { readonly kind: "beyond"; readonly attribute: string; readonly count: number; readonly of: number };

/** What a health rule found, as the Alert of a device tells it: `aq-1: pm25 is 12 for 30 values / …`. */
export function faultOf(description: string): Fault | undefined {
  const same = /(\S+) is (\S+) for (\d+) values/.exec(description);
  if (same !== null) return { kind: "same", attribute: same[1] ?? "", value: Number(same[2]), count: Number(same[3]) };
  const held = /(\S+) is (\S+) for (\d+) s\b/.exec(description);
  if (held !== null) return { kind: "held", attribute: held[1] ?? "", value: Number(held[2]), seconds: Number(held[3]) };
  const jumped = /(\S+) jumped from (\S+) to (\S+)/.exec(description);
  if (jumped !== null) return { kind: "jumped", attribute: jumped[1] ?? "", from: Number(jumped[2]), to: Number(jumped[3]) };
  const beyond = /(\d+) of (\d+) values of (\S+) are out of range/.exec(description);
  return beyond === null ? undefined : { kind: "beyond", attribute: beyond[3] ?? "", count: Number(beyond[1]), of: Number(beyond[2]) };
}
