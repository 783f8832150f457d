/** All that is known of one place: asked for when it is opened, and again when something of it has changed. */

import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { send } from "../../api/client";
import { type Attribute, type Entity, readEntity, shownAttributes } from "../../api/entities";

export interface Place {
  readonly entity: Entity;
  /** Attributes that say when they were observed: what is measured, besides all numbers. */
  readonly observed: ReadonlySet<string>;
}

type Raw = Parameters<typeof readEntity>[0];
type Named = [string, Attribute];

export async function getPlace(id: string, signal: AbortSignal): Promise<Place> {
  const response = await send(`/ngsi-ld/v1/entities/${encodeURIComponent(id)}?options=concise,sysAttrs`, { signal });
  return readPlace((await response.json()) as Raw);
}

export function readPlace(raw: Raw): Place {
  const observed = Object.entries(raw).filter(([, value]) => hasTime(Array.isArray(value) ? value[0] : value));
  return { entity: readEntity(raw), observed: new Set(observed.map(([name]) => name)) };
}

const hasTime = (value: unknown): boolean => typeof value === "object" && value !== null && "observedAt" in value;

/** What is measured, and what is said of the place once and for all. */
export function splitAttributes({ entity, observed }: Place): { measured: Named[]; described: Named[] } {
  const shown = shownAttributes(entity);
  const isMeasured = ([name, { value }]: Named): boolean => typeof value === "number" || observed.has(name);
  return { measured: shown.filter(isMeasured), described: shown.filter((each) => !isMeasured(each)) };
}

/** The place as it is now; `live` is what the town's stream tells of it. */
export function usePlaceOf(id: string, live: Entity | undefined) {
  const asked = useQuery({ queryKey: ["place", id], queryFn: ({ signal }) => getPlace(id, signal), staleTime: 0 });
  const { refetch, data } = asked;
  const isNewer = live !== undefined && data !== undefined && isAhead(live, data.entity);
  useEffect(() => {
    if (isNewer) void refetch();
  }, [isNewer, live, refetch]);
  return { ...asked, place: data === undefined ? undefined : { ...data, entity: overlaid(data.entity, live) } };
}

/** Whether the stream knows something that was not there when the place was asked for. */
function isAhead(live: Entity, asked: Entity): boolean {
  for (const [name, { value, at }] of live.attributes) {
    const known = asked.attributes.get(name);
    if (known === undefined || at !== undefined ? (at ?? 0) > (known?.at ?? 0) : !isSame(value, known.value)) return true;
  }
  return false;
}

const isSame = (one: unknown, other: unknown): boolean => one === other || JSON.stringify(one) === JSON.stringify(other);

/** Values that the stream told, over those that were asked for. */
function overlaid(asked: Entity, live: Entity | undefined): Entity {
  if (live === undefined || !isAhead(live, asked)) return asked;
  const attributes = new Map(asked.attributes);
  for (const [name, attribute] of live.attributes) {
    const known = attributes.get(name);
    if (known === undefined || (attribute.at ?? 0) >= (known.at ?? 0) || attribute.at === undefined) attributes.set(name, { ...known, ...attribute, about: { ...known?.about, ...attribute.about } });
  }
  return { ...asked, name: live.name, attributes, at: Math.max(asked.at, live.at) };
}
