import { useTranslation } from "react-i18next";
import { attributeName } from "../../format/names";
import { formatCount } from "../../format/numbers";
import { formatMoment } from "../../format/times";
import type { Document } from "./asking";
import { conditionsOf, receiverOf, subjectOf } from "./describing";
import { Json } from "./Json";
import styles from "./Subscriptions.module.css";

/** What it asks and whom it tells, for people; as it is stored, for those who ask. */
export function Asks({ document }: { document: Document }) {
  const { t } = useTranslation("subscriptions");
  const facts = factsOf(document, t).filter((one): one is [string, string] => one[1] !== undefined);
  return (
    <section className={styles.section} aria-labelledby="asks">
      <h2 id="asks">{t("detail.asks")}</h2>
      <dl className={styles.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Json label={t("detail.json")} value={document} />
    </section>
  );
}

type Words = ReturnType<typeof useTranslation<"subscriptions">>["t"];
type Json = Readonly<Record<string, unknown>>;

function factsOf(document: Document, t: Words): [string, string | undefined][] {
  const notification = (document.notification ?? {}) as Json;
  const endpoint = (notification.endpoint ?? {}) as Json;
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  const seconds = (value: unknown, write: (count: number) => string) => (typeof value === "number" ? write(value) : undefined);
  const sent = notification.attributes as string[] | undefined;
  const headers = (endpoint.receiverInfo ?? []) as { key: string }[];
  const idPattern = ((document.entities ?? []) as Json[]).map((one) => one.idPattern).find((one) => typeof one === "string");
  const expires = text(document.expiresAt);
  return [
    [t("detail.subject"), subjectOf(document, t)],
    [t("detail.conditions"), conditionsOf(document, t) ?? t("detail.noConditions")],
    [t("detail.area"), areaOf(document, t)],
    [t("detail.idPattern"), text(idPattern)],
    [t("detail.scope"), text(document.scopeQ)],
    [t("detail.receiver"), receiverOf(document)],
    [t("detail.header"), headers.length > 0 ? headers.map((one) => one.key).join(", ") : undefined],
    [t("detail.sent"), sent?.map(attributeName).join(" · ")],
    [t("detail.throttling"), seconds(document.throttling, (count) => t("detail.seconds", { count }))],
    [t("detail.interval"), seconds(document.timeInterval, (count) => t("detail.every", { count }))],
    [t("detail.expires"), expires === undefined ? undefined : formatMoment(expires)],
  ];
}

function areaOf(document: Document, t: Words): string | undefined {
  const geo = document.geoQ as { georel?: string; geometry?: string } | undefined;
  if (geo === undefined) return undefined;
  const radius = /^near;maxDistance==([\d.]+)$/.exec(geo.georel ?? "")?.[1];
  if (radius !== undefined && geo.geometry === "Point") return t("detail.circle", { radius: formatCount(Number(radius)) });
  return t(geo.georel === "within" ? "detail.polygon" : "detail.otherArea");
}
