/** What the API refuses is said in the language of the page, and what it said itself is not lost. */

import i18next from "i18next";
import { beforeAll, describe, expect, it } from "vitest";
import english from "../i18n/problems.en.json";
import japanese from "../i18n/problems.ja.json";
import { ApiError, kindOf, type Problem } from "./errors";
import openapi from "./openapi.json";
import { memberOf, ownWordsOf, problemText, sayingOf } from "./said";

const TYPE = "https://uri.etsi.org/ngsi-ld/errors/";
const refuse = (status: number, problem: Problem) => new ApiError(status, problem);

beforeAll(async () => {
  await i18next.init({ lng: "ja", defaultNS: "problems", resources: { ja: { problems: japanese }, en: { problems: english } }, showSupportNotice: false });
});

it("has words in both languages for every code that the API gives, and for no other", () => {
  const codes = [...openapi.components.schemas.Problem.properties.code.enum].sort();
  expect(codes.length).toBeGreaterThan(20);
  expect(Object.keys(japanese.code).sort()).toEqual(codes);
  expect(Object.keys(english.code).sort()).toEqual(codes);
});

describe("in Japanese", () => {
  beforeAll(async () => { await i18next.changeLanguage("ja"); });

  it("says what a code means, and folds what the API said", () => {
    const error = refuse(409, { type: `${TYPE}AlreadyExists`, detail: "there is a device 'aq-1' already", code: "device-exists" });
    expect(sayingOf(error)).toBe(japanese.code["device-exists"]);
    expect(ownWordsOf(error)).toBe("there is a device 'aq-1' already");
  });

  it("names the field that the pointer names", () => {
    const error = refuse(400, { type: `${TYPE}BadRequestData`, detail: "no", pointer: "/tenants/0" });
    expect(sayingOf(error)).toBe("「テナント」の内容に誤りがあります。直してから、もう一度お試しください。");
  });

  it("says of what kind it is where there is no code and no field that it knows", () => {
    expect(sayingOf(refuse(409, { type: `${TYPE}AlreadyExists`, detail: "x" }))).toBe(japanese.type.AlreadyExists);
    const unknown = refuse(400, { type: `${TYPE}BadRequestData`, detail: "x", pointer: "/quux", code: "of-tomorrow" });
    expect(problemText(unknown, (kind) => `kind ${kind}`)).toBe("kind wrong");
    expect(ownWordsOf(unknown)).toBe("x");
  });

  it("does not speak of faults of the server as if they were of the form", () => {
    const error = refuse(500, { type: `${TYPE}InternalError`, detail: "It was logged" });
    expect([sayingOf(error), ownWordsOf(error)]).toEqual([undefined, undefined]);
    expect(sayingOf(new Error("x"))).toBeUndefined();
  });
});

describe("in English", () => {
  beforeAll(async () => { await i18next.changeLanguage("en"); });

  it("has the API's own words where there is no code, once", () => {
    const error = refuse(400, { type: `${TYPE}BadRequestData`, detail: "days is 1 to 400", pointer: "/days" });
    expect([sayingOf(error), ownWordsOf(error)]).toEqual(["days is 1 to 400", undefined]);
    expect(sayingOf(refuse(409, { detail: "x", code: "keys-full" }))).toBe(english.code["keys-full"]);
  });
});

it("knows that too much is asked for from what is not allowed", () => {
  expect(kindOf(refuse(403, { type: `${TYPE}TooComplexQuery` }))).toBe("wrong");
  expect(kindOf(refuse(403, { type: "about:blank" }))).toBe("forbidden");
});

it("takes the last name of a pointer", () => {
  expect(memberOf("/notification/endpoint/uri")).toBe("uri");
  expect(memberOf("/tenants/3")).toBe("tenants");
  expect(memberOf("")).toBeUndefined();
});
