/** The message that a mapping is tried with, as it is typed. */

export type Payload = { readonly value: unknown } | { readonly flaw: "hex" | "json" | "empty"; readonly line: number };

const NOTHING: Payload = { flaw: "empty", line: 1 };

/** Reads bytes as hexadecimal digits, anything else as JSON; what cannot be read is told with its line. */
export function readPayload(text: string, isBytes: boolean): Payload {
  const plain = text.trimEnd();
  if (plain === "") return NOTHING;
  if (isBytes) {
    const digits = plain.normalize("NFKC").replace(/\s+/g, "");
    return /^([0-9a-f]{2})+$/i.test(digits) ? { value: digits } : { flaw: "hex", line: 1 };
  }
  try {
    return { value: JSON.parse(plain) as unknown };
  } catch (error) {
    return { flaw: "json", line: lineOf(plain, error) };
  }
}

/** Browsers name the place by line or by position, or, at the end of the text, not at all. */
function lineOf(text: string, error: unknown): number {
  const said = error instanceof Error ? error.message : "";
  const line = /line (\d+)/.exec(said)?.[1];
  if (line !== undefined) return Number(line);
  const position = /position (\d+)/.exec(said)?.[1];
  return text.slice(0, position === undefined ? text.length : Number(position)).split("\n").length;
}
