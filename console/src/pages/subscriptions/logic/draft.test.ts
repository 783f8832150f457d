import { describe, expect, it } from "vitest";
import { type Draft, EMPTY_DRAFT, flawsOf, writeDraft, writeSelection } from "./draft";
import { fieldAt, readDraft, writeChanges } from "./stored";

const DRAFT: Draft = {
  ...EMPTY_DRAFT,
  name: "PM2.5 の注意",
  types: ["AirQualityObserved", "NoiseLevelObserved"],
  watched: ["pm25"],
  conditions: [{ attribute: "pm25", operator: ">", value: "35" }],
  area: { kind: "circle", longitude: 139.47, latitude: 35.75, radius: 500 },
  uri: "https://example.jp/in",
  headerName: "Authorization",
  headerValue: "Bearer x",
  secret: "s",
  sends: "watched",
  throttling: "60",
};
const DOCUMENT = {
  type: "Subscription",
  subscriptionName: "PM2.5 の注意",
  entities: [{ type: "AirQualityObserved,NoiseLevelObserved" }],
  watchedAttributes: ["pm25"],
  q: "pm25>35",
  geoQ: { georel: "near;maxDistance==500", geometry: "Point", coordinates: [139.47, 35.75] },
  throttling: 60,
  notification: {
    attributes: ["pm25"],
    format: "simplified",
    endpoint: {
      uri: "https://example.jp/in",
      accept: "application/json",
      receiverInfo: [{ key: "Authorization", value: "Bearer x" }],
      secrets: ["s"],
    },
  },
};

describe("a draft", () => {
  it("is written as NGSI-LD", () => {
    expect(writeDraft(DRAFT)).toEqual(DOCUMENT);
  });

  it("is read from what is served", () => {
    const served = { id: "urn:x:1", status: "active", notificationTrigger: ["attributeUpdated", "attributeCreated"], ...DOCUMENT };
    expect(readDraft(served)).toEqual(DRAFT);
  });

  it("holds what is rarely asked for, there and back", () => {
    const rare: Draft = {
      ...EMPTY_DRAFT,
      types: ["AirQualityObserved"],
      idPattern: "aq-0[0-9]+$",
      scopeQ: "/town/north/#",
      triggers: ["entityCreated", "entityDeleted"],
      uri: "mqtts://broker.example.jp/town",
      format: "concise",
      sends: "chosen",
      sent: ["no2"],
      expires: "2027-03-31T23:59",
      interval: "600",
      showsChanges: true,
      hasSystemTimes: true,
      accept: "application/ld+json",
      timeout: "2.5",
      cooldown: "30",
      qos: "2",
    };
    expect(flawsOf(rare, 0)).toEqual({});
    const document = writeDraft(rare);
    expect(document).toEqual({
      type: "Subscription",
      entities: [{ type: "AirQualityObserved", idPattern: "aq-0[0-9]+$" }],
      scopeQ: "/town/north/#",
      notificationTrigger: ["entityCreated", "entityDeleted"],
      timeInterval: 600,
      expiresAt: "2027-03-31T14:59:00.000Z",
      notification: {
        attributes: ["no2"],
        format: "concise",
        showChanges: true,
        sysAttrs: true,
        endpoint: {
          uri: "mqtts://broker.example.jp/town",
          accept: "application/ld+json",
          timeout: 2500,
          cooldown: 30000,
          notifierInfo: [{ key: "MQTT-QoS", value: "2" }],
        },
      },
    });
    expect(readDraft(document)).toEqual(rare);
  });

  it.each([
    { ...DOCUMENT, lang: "ja" },
    { ...DOCUMENT, notification: { ...DOCUMENT.notification, endpoint: { uri: "mqtt://x/y", notifierInfo: [{ key: "MQTT-Version", value: "mqtt5.0" }] } } },
    { ...DOCUMENT, q: "(a>1;b>1)|c>1" },
    { ...DOCUMENT, entities: [{ type: "A" }, { type: "B" }] },
    { ...DOCUMENT, entities: [{ type: "(A;B)" }] },
    { ...DOCUMENT, notification: { ...DOCUMENT.notification, pick: ["pm25"] } },
    { ...DOCUMENT, geoQ: { georel: "disjoint", geometry: "Point", coordinates: [1, 2] } },
  ])("that the form would damage is not read: %j", (document) => {
    expect(readDraft(document)).toBeUndefined();
  });

  it("selects before the rest of it is there", () => {
    expect(writeSelection(EMPTY_DRAFT)).toBeUndefined();
    expect(writeSelection({ ...EMPTY_DRAFT, ids: ["urn:x:1"] })).toEqual({
      type: "Subscription",
      entities: [{ type: "*", id: ["urn:x:1"] }],
    });
  });

  it("closes the ring of an area", () => {
    const area = { kind: "polygon", corners: [[1, 1], [2, 1], [2, 2]] } as const;
    const geoQ = writeSelection({ ...DRAFT, area })?.geoQ;
    expect(geoQ).toEqual({ georel: "within", geometry: "Polygon", coordinates: [[[1, 1], [2, 1], [2, 2], [1, 1]]] });
    expect(readDraft({ ...DOCUMENT, geoQ })?.area).toEqual(area);
  });

  it("removes by null what the form took away", () => {
    expect(writeChanges({ ...DRAFT, conditions: [], throttling: "" })).toMatchObject({
      q: "urn:ngsi-ld:null",
      throttling: "urn:ngsi-ld:null",
      watchedAttributes: ["pm25"],
    });
  });

  it.each<[Partial<Draft>, object]>([
    [{}, {}],
    [{ types: [] }, { types: "needed" }],
    [{ uri: "" }, { uri: "needed" }],
    [{ uri: "example.jp/in" }, { uri: "scheme" }],
    [{ uri: "ftp://example.jp" }, { uri: "scheme" }],
    [{ uri: "https://" }, { uri: "host" }],
    [{ uri: "https://u:p@example.jp/" }, { uri: "credentials" }],
    [{ uri: "mqtt://u:p@example.jp/topic" }, {}],
    [{ uri: "mailto:a@example.jp" }, {}],
    [{ headerValue: "" }, { header: "pair" }],
    [{ throttling: "-1" }, { throttling: "positive" }],
    [{ conditions: [{ attribute: "pm25", operator: ">", value: "" }] }, { conditions: "incomplete" }],
    [{ idPattern: "(" }, { idPattern: "wrong" }],
    [{ interval: "60" }, { interval: "excludes" }],
    [{ interval: "x", watched: [], throttling: "", sends: "all" }, { interval: "positive" }],
    [{ expires: "2020-01-01T00:00" }, { expires: "past" }],
    [{ showsChanges: true }, { changes: "format" }],
    [{ sends: "chosen" }, { sent: "needed" }],
    [{ timeout: "0" }, { timeout: "positive" }],
    [{ area: { kind: "polygon", corners: [[1, 1]] } }, { area: "corners" }],
  ])("%j has the flaws %j", (change, flaws) => {
    expect(flawsOf({ ...DRAFT, ...change })).toEqual(flaws);
  });

  it.each([
    ["/notification/endpoint/uri", "uri"],
    ["/notification/endpoint/receiverInfo/0", "header"],
    ["/q", "conditions"],
    ["/entities/0/type", "types"],
    ["/entities/0/idPattern", "idPattern"],
    ["/notification/endpoint/timeout", "timeout"],
    ["/queer", undefined],
    [undefined, undefined],
  ])("the pointer %s lies in %s", (pointer, field) => {
    expect(fieldAt(pointer)).toBe(field);
  });
});
