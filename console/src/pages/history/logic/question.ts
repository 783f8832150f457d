/** What a figure asks: all of it stands in the address, so that the address gives the figure again. */

import { type Alignment, ALIGNMENTS, MAX_YEARS } from "./compare";
import { type Bucket, BUCKETS, chooseBucket, type Method, METHODS } from "./bucket";
import { usualMethod } from "./ranking";
import { type Period, parsePeriod, type Span, spanOf, writePeriod } from "./period";

export interface Question {
  readonly types: readonly string[];
  /** None: all of the types. */
  readonly ids: readonly string[];
  /** The places that the figure draws; none: the first ones of the ranking. */
  readonly shown: readonly string[];
  readonly attributes: readonly string[];
  readonly period: Period;
  /** undefined: as suits the span. */
  readonly bucket: Bucket | undefined;
  /** None: what is usual for the attribute. */
  readonly methods: readonly Method[];
  /** How many former years are laid over it. */
  readonly years: number;
  readonly alignment: Alignment;
  /** As recorded until then; undefined: as known now. */
  readonly asOf: string | undefined;
}

export const NOTHING_ASKED: Question = {
  types: [],
  ids: [],
  shown: [],
  attributes: [],
  period: { kind: "days", count: 7 },
  bucket: undefined,
  methods: [],
  years: 0,
  alignment: "date",
  asOf: undefined,
};

export const MAX_IDS = 200;
/** More curves are a cloud; of so many, each can still be brought to the front. */
export const MAX_SHOWN = 50;
const MAX_TYPES = 5;
const MAX_ATTRIBUTES = 10;
type Name = "type" | "id" | "show" | "attr" | "period" | "bucket" | "method" | "years" | "align" | "asOf";
export type Parameters = Readonly<Record<Name, string | undefined>>;

/** Gives the parameters of the address; what is as by default is left out (undefined). */
export function writeQuestion(question: Question): Parameters {
  return {
    type: question.types.join(",") || undefined,
    id: question.ids.join(",") || undefined,
    show: question.shown.join(",") || undefined,
    attr: question.attributes.join(",") || undefined,
    period: writePeriod(question.period),
    bucket: question.bucket,
    method: question.methods.join(",") || undefined,
    years: question.years > 0 ? String(question.years) : undefined,
    align: question.years > 0 && question.alignment !== "date" ? question.alignment : undefined,
    asOf: question.asOf,
  };
}

/** Reads an address; what is missing, or wrong, is as by default. */
export function readQuestion(search: URLSearchParams): Question {
  const methods = listed(search, "method").filter((one): one is Method => isOneOf(METHODS, one));
  const bucket = search.get("bucket");
  const alignment = search.get("align") ?? "";
  const years = Number(search.get("years") ?? 0);
  return {
    types: listed(search, "type").slice(0, MAX_TYPES),
    ids: listed(search, "id").slice(0, MAX_IDS),
    shown: listed(search, "show").slice(0, MAX_SHOWN),
    attributes: listed(search, "attr").slice(0, MAX_ATTRIBUTES),
    period: parsePeriod(search.get("period") ?? "") ?? NOTHING_ASKED.period,
    bucket: bucket !== null && isOneOf(BUCKETS, bucket) ? bucket : undefined,
    methods,
    years: Number.isInteger(years) && years > 0 ? Math.min(years, MAX_YEARS) : 0,
    alignment: isOneOf(ALIGNMENTS, alignment) ? alignment : "date",
    asOf: readTime(search.get("asOf")),
  };
}

function listed(search: URLSearchParams, name: string): string[] {
  const items = (search.get(name) ?? "").split(",").filter((one) => one !== "");
  return [...new Set(items)];
}

function isOneOf<T extends string>(known: readonly T[], text: string): text is T {
  return (known as readonly string[]).includes(text);
}

function readTime(text: string | null): string | undefined {
  return text !== null && /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined;
}

export function isComplete(question: Question): boolean {
  return (question.types.length > 0 || question.ids.length > 0) && question.attributes.length > 0;
}

/** Fills in what was left open: the attribute that stands for the type, and the method that is usual for it. */
export function completed(question: Question, usualAttribute: string | undefined): Question {
  const attributes = question.attributes.length > 0 || usualAttribute === undefined ? question.attributes : [usualAttribute];
  const methods = question.methods.length > 0 ? question.methods : [usualMethod(attributes[0] ?? "")];
  return { ...question, attributes, methods };
}

/** The bucket that is used: the one chosen, else what suits the span. */
export function bucketOf(question: Question, span: Span): Bucket {
  return question.bucket ?? chooseBucket(span);
}

/**
 * The question that gives this very figure again, whatever is recorded or corrected later and whenever it is asked:
 * the span in times, the bucket by name, and the data version.
 */
export function pinned(question: Question, shown: readonly string[], now: number, dataVersion: string): Question {
  const span = spanOf(question.period, now);
  return {
    ...question,
    shown,
    period: { kind: "exact", ...span },
    bucket: bucketOf(question, span),
    asOf: dataVersion,
  };
}
