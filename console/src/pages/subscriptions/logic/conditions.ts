/** Conditions on values, as a form has them, and NGSI-LD's query language `q` (clause 4.9). */

export const OPERATORS = [">", ">=", "<", "<=", "==", "!=", "between", "contains", "exists"] as const;
export type Operator = (typeof OPERATORS)[number];

export interface Condition {
  readonly attribute: string;
  readonly operator: Operator;
  readonly value: string;
  /** The upper end, of `between`. */
  readonly upper?: string;
}

/** All of them, or one of them, has to hold. */
export type Joint = "all" | "any";

export const EMPTY_CONDITION: Condition = { attribute: "", operator: ">", value: "" };

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const NAME = /^[\p{L}][\p{L}\p{N}_]*(?:\.[\p{L}\p{N}_]+)*$/u;
const PATTERN_SIGNS = /[\\^$.*+?()[\]{}|]/g;

export function isNumber(text: string): boolean {
  return NUMBER.test(text);
}

/** People write numbers in full width, and with commas between thousands: 1，000．5 is 1000.5. */
export function normalizeNumber(text: string): string {
  const narrow = text.trim().normalize("NFKC").replace(/[−ー]/g, "-");
  const plain = narrow.replace(/(?<=\d),(?=\d{3}(?:\D|$))/g, "");
  return isNumber(plain) ? plain : text.trim();
}

export type Flaw = "attribute" | "value" | "number" | "order";

/** What is wrong with a condition; undefined where it can be asked. */
export function flawOf(condition: Condition): Flaw | undefined {
  if (!NAME.test(condition.attribute)) return "attribute";
  if (condition.operator === "exists") return undefined;
  const value = normalizeNumber(condition.value);
  if (value === "") return "value";
  if (condition.operator === "between") {
    const upper = normalizeNumber(condition.upper ?? "");
    if (!isNumber(value) || !isNumber(upper)) return "number";
    return Number(value) <= Number(upper) ? undefined : "order";
  }
  return [">", ">=", "<", "<="].includes(condition.operator) && !isNumber(value) ? "number" : undefined;
}

/** Writes the conditions that are right; undefined where there are none. */
export function writeQ(conditions: readonly Condition[], joint: Joint): string | undefined {
  const terms = conditions.filter((one) => flawOf(one) === undefined).map(writeTerm);
  return terms.length > 0 ? terms.join(joint === "all" ? ";" : "|") : undefined;
}

function writeTerm({ attribute, operator, value, upper }: Condition): string {
  switch (operator) {
    case "exists":
      return attribute;
    case "between":
      return `${attribute}==${normalizeNumber(value)}..${normalizeNumber(upper ?? "")}`;
    case "contains":
      return `${attribute}~="${escape(value.trim().replace(PATTERN_SIGNS, "\\$&"))}"`;
    default:
      return `${attribute}${operator}${writeValue(value)}`;
  }
}

function writeValue(text: string): string {
  const value = normalizeNumber(text);
  if (isNumber(value) || value === "true" || value === "false") return value;
  return `"${escape(value)}"`;
}

/** For a quoted text of the query language. */
function escape(text: string): string {
  return text.replace(/[\\"]/g, "\\$&");
}

const TERM = /^([\p{L}][\p{L}\p{N}_]*(?:\.[\p{L}\p{N}_]+)*)(?:(==|!=|>=|<=|>|<|~=)(.+))?$/su;

export interface Conditions {
  readonly joint: Joint;
  readonly conditions: readonly Condition[];
}

/** Reads a `q` that a form can show; undefined for anything richer, which stays text. */
export function readQ(q: string): Conditions | undefined {
  const parts = split(q);
  if (parts === undefined) return undefined;
  const conditions: Condition[] = [];
  for (const part of parts.terms) {
    const condition = readTerm(part);
    if (condition === undefined) return undefined;
    conditions.push(condition);
  }
  return { joint: parts.joint, conditions };
}

/** Splits at one kind of sign outside of quotes; undefined where both occur, or brackets do. */
function split(q: string): { joint: Joint; terms: string[] } | undefined {
  const terms: string[] = [];
  const signs = new Set<string>();
  let term = "";
  for (const token of q.match(/"(?:[^"\\]|\\.)*"|[\s\S]/g) ?? []) {
    if (token === ";" || token === "|") {
      signs.add(token);
      terms.push(term);
      term = "";
    } else if (token === "(" || token === ")") return undefined;
    else term += token;
  }
  terms.push(term);
  return signs.size > 1 ? undefined : { joint: signs.has("|") ? "any" : "all", terms };
}

function readTerm(text: string): Condition | undefined {
  const found = TERM.exec(text);
  const attribute = found?.[1];
  if (!found || attribute === undefined) return undefined;
  const [sign, value] = [found[2], found[3]];
  if (sign === undefined || value === undefined) return { attribute, operator: "exists", value: "" };
  if (sign === "~=") return readPattern(attribute, value);
  const range = sign === "==" ? /^([^".,]+(?:\.\d+)?)\.\.([^".,]+(?:\.\d+)?)$/.exec(value) : null;
  if (range) return isNumber(range[1] ?? "") && isNumber(range[2] ?? "") ? { attribute, operator: "between", value: range[1] ?? "", upper: range[2] ?? "" } : undefined;
  const plain = readValue(value);
  return plain === undefined ? undefined : { attribute, operator: sign as Operator, value: plain };
}

function readValue(text: string): string | undefined {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/s.exec(text);
  if (quoted) {
    const value = (quoted[1] ?? "").replace(/\\(.)/gs, "$1");
    // "35" and 35 differ, and a form would make one of the other
    return isNumber(value) || value === "true" || value === "false" ? undefined : value;
  }
  return isNumber(text) || text === "true" || text === "false" ? text : undefined;
}

/** A pattern that is nothing but a text, as `contains` writes it. */
function readPattern(attribute: string, text: string): Condition | undefined {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/s.exec(text);
  if (!quoted) return undefined;
  const pattern = (quoted[1] ?? "").replace(/\\(.)/gs, "$1");
  const value = pattern.replace(/\\([\\^$.*+?()[\]{}|])/g, "$1");
  return value.replace(PATTERN_SIGNS, "\\$&") === pattern ? { attribute, operator: "contains", value } : undefined;
}
