/** The reasons for which messages are put aside (docs/en/operator.md); each has words for what it is and how to mend it. */

export const REASONS = [
  "bad-json",
  "bad-cbor",
  "bad-shape",
  "too-deep",
  "too-large",
  "too-many-values",
  "bad-text",
  "no-values",
  "bad-time",
  "clock-ahead",
  "clock-unset",
  "no-known-key",
  "bad-value",
  "out-of-range",
  "unknown-word",
  "model-violation",
  "bad-entity-id",
  "other-device",
  "no-codec",
  "bad-frame",
  "unknown-device",
  "unknown-topic",
  "store-refused",
  "internal-error",
  "waiting-approval",
  "rate-limited",
  "no-sender",
] as const;
export type Reason = (typeof REASONS)[number] | "other";

/** A reason that has words. What a newer server names is `other`, and shown by its own name beside it. */
export const known = (reason: string): Reason => REASONS.find((one) => one === reason) ?? "other";
