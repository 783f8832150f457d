/** Why a subscription does not deliver, in a word that has sentences of its own (`why.<reason>`, `mend.<reason>`). */

export interface Standing {
  /** `denied`: its owner may see nothing of what it asks. `disabled`: its organisation is. */
  readonly status: "active" | "paused" | "expired" | "denied" | "disabled";
  readonly reason?: string | null;
  readonly lastError?: string | null;
  readonly lastSuccess?: string | null;
  readonly lastFailure?: string | null;
  readonly overLimitAt?: string | null;
  readonly counts: {
    readonly matched: number;
    readonly delivered: number;
    readonly waiting: number;
    readonly deadLettered: number;
    readonly coalesced: number;
    readonly cancelled: number;
  };
  readonly endpoint: { readonly state: "ok" | "failing" | "resting"; readonly failuresInARow: number; readonly restsUntil?: string | null };
}

export const FAILURES = [
  "gone",
  "loop",
  "unauthorized",
  "forbidden",
  "notFound",
  "method",
  "tooLarge",
  "busy",
  "redirect",
  "rejected",
  "server",
  "timeout",
  "name",
  "certificateExpired",
  "certificateSelfSigned",
  "certificateName",
  "certificate",
  "refusedConnection",
  "network",
  "notAllowed",
  "unreached",
  "unwritable",
  "other",
] as const;
export type Failure = (typeof FAILURES)[number];

const PATTERNS: readonly (readonly [RegExp, Failure])[] = [
  [/HTTP 410/, "gone"],
  [/HTTP 508/, "loop"],
  [/HTTP 401|HTTP 407/, "unauthorized"],
  [/HTTP 403/, "forbidden"],
  [/HTTP 404/, "notFound"],
  [/HTTP 405/, "method"],
  [/HTTP 413/, "tooLarge"],
  [/HTTP 429/, "busy"],
  [/HTTP 3\d\d/, "redirect"],
  [/HTTP 4\d\d/, "rejected"],
  [/HTTP 5\d\d/, "server"],
  [/refused: /, "notAllowed"],
  [/no answer within|in time|timed? ?out/i, "timeout"],
  [/cannot be resolved|has no address|Name or service|getaddrinfo/i, "name"],
  [/certificate has expired/i, "certificateExpired"],
  [/self.signed/i, "certificateSelfSigned"],
  [/(hostname|IP address) mismatch|doesn't match|not valid for/i, "certificateName"],
  [/certificate|SSL|TLS/i, "certificate"],
  [/connection refused|Errno 111|Connect call failed/i, "refusedConnection"],
  [/endpoint could not be reached/, "unreached"],
  [/no connection|disconnected|reset by peer|Errno/i, "network"],
  [/cannot be written|no notification/i, "unwritable"],
];

/** What kind of failure an error's text tells of (context_api/notifications writes them). */
export function failureOf(error: string): Failure {
  return PATTERNS.find(([pattern]) => pattern.test(error))?.[1] ?? "other";
}

/** Whose part it is to mend it. */
export type Responsible = "receiver" | "settings" | "between" | "town";

const RESPONSIBLE: Readonly<Partial<Record<Failure, Responsible>>> = {
  gone: "settings",
  unauthorized: "settings",
  notFound: "settings",
  redirect: "settings",
  name: "settings",
  network: "between",
  notAllowed: "town",
  unwritable: "settings",
  other: "between",
};

/** Most of what fails, fails at the receiver. */
export const responsibleFor = (failure: Failure): Responsible => RESPONSIBLE[failure] ?? "receiver";

/** Failures by kind, the most frequent first. */
export function countFailures(errors: readonly string[]): { readonly failure: Failure; readonly count: number }[] {
  const counts = new Map<Failure, number>();
  for (const error of errors) counts.set(failureOf(error), (counts.get(failureOf(error)) ?? 0) + 1);
  return [...counts].map(([failure, count]) => ({ failure, count })).sort((one, other) => other.count - one.count);
}

export type Condition =
  | "expired"
  | "denied"
  | "disabled"
  | "pausedByOwner"
  | "pausedByEndpoint"
  | "resting"
  | "failing"
  | "failed"
  | "overLimit"
  | "deadLetters"
  | "nothingMatched"
  | "waiting"
  | "well";

export interface Finding {
  readonly condition: Condition;
  readonly failure?: Failure;
  /** What can be done about it here. */
  readonly acts: readonly Act[];
}

export type Act = "resume" | "test" | "replay" | "catchUp" | "edit" | "extend";

/** How a subscription stands, the gravest first; at least one finding. */
export function diagnose(standing: Standing): Finding[] {
  const findings: Finding[] = [];
  const failure = standing.lastError ? failureOf(standing.lastError) : undefined;
  const withFailure = failure === undefined ? {} : { failure };
  if (standing.status === "expired") findings.push({ condition: "expired", acts: ["extend"] });
  else if (standing.status === "denied" || standing.status === "disabled") findings.push({ condition: standing.status, acts: [] });
  else if (standing.status === "paused") findings.push(paused(standing));
  else if (standing.endpoint.state === "resting") findings.push({ condition: "resting", ...withFailure, acts: ["test", "edit"] });
  else if (standing.endpoint.state === "failing") findings.push({ condition: standing.counts.waiting > 0 ? "failing" : "failed", ...withFailure, acts: ["test", "edit"] });
  if (standing.overLimitAt) findings.push({ condition: "overLimit", acts: [] });
  if (standing.counts.deadLettered > 0) findings.push({ condition: "deadLetters", ...(findings.length === 0 && withFailure), acts: ["replay"] });
  if (findings.length > 0) return findings;
  if (standing.counts.matched === 0) return [{ condition: "nothingMatched", acts: ["test", "edit"] }];
  return [{ condition: standing.counts.waiting > 0 && standing.counts.delivered === 0 ? "waiting" : "well", acts: [] }];
}

function paused(standing: Standing): Finding {
  const cause = standing.reason ? failureOf(standing.reason) : "other";
  if (cause === "gone" || cause === "loop") return { condition: "pausedByEndpoint", failure: cause, acts: ["edit", "test", "resume", "catchUp"] };
  return { condition: "pausedByOwner", acts: ["resume", "catchUp"] };
}

export type Tone = "good" | "warning" | "bad" | "quiet";

const TONES: Readonly<Record<Condition, Tone>> = {
  expired: "quiet",
  denied: "bad",
  disabled: "bad",
  pausedByOwner: "quiet",
  pausedByEndpoint: "bad",
  resting: "bad",
  failing: "warning",
  failed: "bad",
  overLimit: "warning",
  deadLetters: "warning",
  nothingMatched: "quiet",
  waiting: "quiet",
  well: "good",
};

export function toneOf(condition: Condition): Tone {
  return TONES[condition];
}
