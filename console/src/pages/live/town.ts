/** The town as it is now: all places, kept current by the live stream. Outside of React, which is told once a second at most. */

import { type Send, send } from "../../api/client";
import { type Entity, getEntities, readEntity } from "../../api/entities";
import { follow, type StreamEvent, type StreamState } from "../../api/stream";
import { askForTheRest, asksOf, followedAttributes, getKinds, type Kind } from "./asking";
import { type Arrival, loadAll } from "./loading";

export interface TownState {
  readonly entities: ReadonlyMap<string, Entity>;
  readonly kinds: readonly Kind[];
  /** How many there are, also while they are still arriving. */
  readonly total: number;
  readonly isLoading: boolean;
  /** Whether the loading was stopped before all had arrived. */
  readonly isPartial: boolean;
  readonly error: unknown;
  readonly stream: StreamState | "paused";
  /** When the last change arrived, ms. */
  readonly updatedAt: number;
  /** When the stream was back after an interruption, with what had been missed; 0: it never broke. */
  readonly caughtUpAt: number;
}

const TELL_MS = 1_000;
const TELL_SOON_MS = 60;
const RELOAD_MS = 30 * 60_000;
/** The stream is opened first, so that nothing falls between it and what is loaded; but it is not waited for any longer. */
const OPENING_MS = 2_000;
const TRIGGERS = "attributeCreated,attributeUpdated,attributeDeleted,entityCreated,entityDeleted";

type Raw = Parameters<typeof readEntity>[0];
interface Change {
  readonly change: string;
  readonly data: readonly Raw[];
}

export class Town {
  private readonly entities = new Map<string, Entity>();
  private readonly totals = new Map<string, number>();
  /** What the stream told since the loading began: newer than what is loaded. */
  private readonly touched = new Set<string>();
  private kinds: readonly Kind[] = [];
  private isLoading = true;
  private isPartial = false;
  private error: unknown = undefined;
  private stream: StreamState = "connecting";
  private wasCut = false;
  private updatedAt = 0;
  private caughtUpAt = 0;
  private isPaused = false;
  private metric = "main";
  private state: TownState = this.take();
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private toldAt = 0;
  private reloadTimer: ReturnType<typeof setTimeout> | undefined;
  private running: AbortController | undefined;
  private loading: AbortController | undefined;
  private readonly ask: Send;

  constructor(ask: Send = send) {
    this.ask = ask;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  readonly getState = (): TownState => this.state;

  /** Follows what changes, and asks for everything. What is known already stays in sight meanwhile. */
  start(): void {
    this.stop();
    const running = new AbortController();
    this.running = running;
    void this.run(running.signal);
  }

  stop(): void {
    this.running?.abort();
    this.loading?.abort();
    clearTimeout(this.timer);
    clearTimeout(this.reloadTimer);
    this.timer = undefined;
    this.reloadTimer = undefined;
  }

  /** Stops the loading; what has arrived stays, and stays current. */
  cancel(): void {
    this.isPartial = true;
    this.loading?.abort();
  }

  /** Whether what changes is shown as it happens (WCAG 2.2.2: what moves by itself can be stopped). */
  setPaused(isPaused: boolean): void {
    this.isPaused = isPaused;
    this.tellNow();
  }

  /** Says what the map is coloured by; asks for it, where it has not been asked for. */
  setMetric(metric: string): void {
    if (metric === this.metric) return;
    const before = this.metric;
    this.metric = metric;
    const isKnown = asksOf(this.kinds, metric).every(({ attributes }, index) => {
      const known = asksOf(this.kinds, before)[index]?.attributes;
      return known === undefined || (attributes?.every((name) => known.includes(name)) ?? true);
    });
    if (!isKnown && this.running !== undefined) this.start();
  }

  private async run(signal: AbortSignal): Promise<void> {
    this.isLoading = true;
    this.isPartial = false;
    this.error = undefined;
    this.touched.clear();
    this.totals.clear();
    this.tellNow();
    try {
      this.kinds = await getKinds(this.ask, signal);
      if (this.kinds.length > 0) {
        const isOpen = await this.open(signal);
        await this.loadThem(signal);
        // What changed between the loading and a stream that opened later is made up for by loading again
        if (!isOpen) this.reloadTimer = setTimeout(() => this.start(), OPENING_MS * 5);
      }
      this.finish();
      this.reloadTimer ??= setTimeout(() => this.start(), RELOAD_MS);
    } catch (error) {
      if (signal.aborted) return;
      this.error = error;
      this.finish();
    }
  }

  private finish(): void {
    this.isLoading = false;
    this.updatedAt = Date.now();
    this.tellNow();
  }

  private async loadThem(signal: AbortSignal): Promise<void> {
    this.loading = new AbortController();
    const both = AbortSignal.any([signal, this.loading.signal]);
    const seen = new Set<string>();
    const take = (arrival: Arrival) => this.takeIn(arrival, seen);
    try {
      await loadAll(asksOf(this.kinds, this.metric), take, both, this.ask);
      await this.loadTheRest(both);
    } catch (error) {
      if (this.loading.signal.aborted && !signal.aborted) return;
      throw error;
    }
    for (const id of this.entities.keys()) if (!seen.has(id) && !this.touched.has(id)) this.entities.delete(id);
  }

  private takeIn({ entities, type, total }: Arrival, seen: Set<string>): void {
    this.totals.set(type, total);
    for (const entity of entities) {
      const before = seen.has(entity.id) ? this.entities.get(entity.id) : undefined;
      seen.add(entity.id);
      if (!this.touched.has(entity.id)) this.entities.set(entity.id, before === undefined ? entity : joined(before, entity));
    }
    this.tell();
  }

  /** Places without the value that most of their kind are shown by: asks for what else may stand for them. */
  private async loadTheRest(signal: AbortSignal): Promise<void> {
    for (const kind of this.kinds) {
      const rest = askForTheRest(kind);
      if (rest === undefined || !this.lacks(kind.type, rest.missing)) continue;
      const { q, attributes } = rest;
      const { entities } = await getEntities({ types: [kind.type], q, attributes }, signal, this.ask);
      for (const entity of entities) {
        const before = this.entities.get(entity.id);
        if (before !== undefined && !this.touched.has(entity.id)) this.entities.set(entity.id, joined(before, entity));
      }
    }
  }

  private lacks(type: string, attribute: string): boolean {
    for (const entity of this.entities.values()) if (entity.types.includes(type) && !entity.attributes.has(attribute)) return true;
    return false;
  }

  /** Opens the stream; tells whether it was open in time. */
  private open(signal: AbortSignal): Promise<boolean> {
    const query = new URLSearchParams({
      type: this.kinds.map((kind) => kind.type).join(","),
      format: "concise",
      notificationTrigger: TRIGGERS,
    });
    const attributes = followedAttributes(this.kinds, this.metric);
    if (attributes !== undefined) query.set("pick", ["id", "type", ...attributes].join(","));
    return new Promise((done) => {
      const timer = setTimeout(() => done(false), OPENING_MS);
      const onState = (state: StreamState) => {
        if (state === "live") done(true);
        else if (state !== "connecting") done(state === "refused");
        if (state !== "connecting") clearTimeout(timer);
        this.noteState(state);
      };
      void follow(query.toString(), { onEvent: (event) => this.note(event), onState }, signal, this.ask);
    });
  }

  private noteState(state: StreamState): void {
    if (state === "waiting") this.wasCut = true;
    if (state === "live" && this.wasCut) {
      this.wasCut = false;
      this.caughtUpAt = Date.now();
    }
    this.stream = state;
    this.tell();
  }

  private note({ event, data }: StreamEvent): void {
    if (event === "gap" || (event === "closed" && data.includes('"rights"'))) this.start();
    if (event !== "change") return;
    const { change, data: entities } = JSON.parse(data) as Change;
    for (const raw of entities) {
      this.touched.add(raw.id);
      if (change === "entityDeleted") this.entities.delete(raw.id);
      else this.entities.set(raw.id, readEntity(raw));
    }
    this.updatedAt = Date.now();
    this.tell();
  }

  private tell(): void {
    const isFirst = this.state.entities.size === 0;
    const since = isFirst ? TELL_MS : performance.now() - this.toldAt;
    this.timer ??= setTimeout(() => this.tellNow(), Math.max(TELL_SOON_MS, TELL_MS - since));
  }

  private tellNow(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.toldAt = performance.now();
    this.state = this.take();
    for (const listener of this.listeners) listener();
  }

  private take(): TownState {
    const { isLoading, isPartial, error, updatedAt, caughtUpAt, kinds } = this;
    const stream = this.isPaused ? "paused" : this.stream;
    const isHeld = this.isPaused && (this.state as TownState | undefined)?.stream === "paused";
    const entities = isHeld ? this.state.entities : new Map(this.entities);
    const asked = [...this.totals.values()].reduce((sum, each) => sum + each, 0);
    const total = isLoading || isPartial ? Math.max(asked, this.entities.size) : this.entities.size;
    return { entities, total, isLoading, isPartial, error, stream, updatedAt, caughtUpAt, kinds };
  }
}

/** The same place, asked for twice: both of what is known. */
function joined(one: Entity, other: Entity): Entity {
  const attributes = new Map([...one.attributes, ...other.attributes]);
  const name = other.attributes.has("name") || other.attributes.has("stationName") ? other.name : one.name;
  return { ...other, name, attributes, position: other.position ?? one.position, at: Math.max(one.at, other.at) };
}
