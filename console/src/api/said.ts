/** Which of the console's words say what the API refused, in the language of the page; the API itself speaks English. */

import i18next from "i18next";
import { ApiError, type ErrorKind, kindOf, type Problem } from "./errors";

const NS = "problems";
const ERRORS = "https://uri.etsi.org/ngsi-ld/errors/";

/** The member of the document that was sent which is wrong: the last name of the pointer. */
export function memberOf(pointer: string | undefined): string | undefined {
  return pointer
    ?.split("/")
    .filter((part) => part !== "" && !/^\d+$/.test(part))
    .at(-1);
}

/** By code: exactly what happened and how to mend it. */
function byCode({ code }: Problem): string | undefined {
  return typeof code === "string" && i18next.exists(`code.${code}`, { ns: NS }) ? i18next.t(`code.${code}`, { ns: NS }) : undefined;
}

/** By pointer or by type: which field it is about, or of what kind it is. */
function byKind({ pointer, type }: Problem): string | undefined {
  const member = memberOf(pointer);
  if (member !== undefined && i18next.exists(`field.${member}`, { ns: NS })) {
    return i18next.t("field.wrong", { ns: NS, field: i18next.t(`field.${member}`, { ns: NS }) });
  }
  const name = type?.startsWith(ERRORS) === true ? type.slice(ERRORS.length) : undefined;
  return name !== undefined && i18next.exists(`type.${name}`, { ns: NS }) ? i18next.t(`type.${name}`, { ns: NS }) : undefined;
}

/** A sentence or two about what was refused; absent where the words for its kind say all there is to say. */
export function sayingOf(error: unknown): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const exact = byCode(error.problem);
  if (exact !== undefined) return exact;
  const kind = kindOf(error);
  if (kind !== "wrong" && kind !== "forbidden") return undefined;
  const said = i18next.resolvedLanguage === "en" ? error.problem.detail : undefined;
  return said ?? byKind(error.problem);
}

/** What to tell people in one line: what was refused and how to mend it, else words for its kind. */
export function problemText(error: unknown, words: (kind: ErrorKind) => string): string {
  return sayingOf(error) ?? words(kindOf(error));
}

/** What the API said, word by word, where that was not shown already. */
export function ownWordsOf(error: unknown): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const { detail } = error.problem;
  const kind = kindOf(error);
  if (kind !== "wrong" && kind !== "forbidden" && error.problem.code === undefined) return undefined;
  return detail === sayingOf(error) ? undefined : detail;
}
