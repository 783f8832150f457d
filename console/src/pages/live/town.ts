/** The town as it is now: all entities, kept current by the live stream. Outside of React, which is told ten times in ten seconds at most. */

import { getEntities, type Entity, readEntity } from "../../api/entities";
import { pagesAfterFirst } from "../../api/directory";
import { type Send, send } from "../../api/client";
import { follow, type StreamEvent, type StreamState } from "../../api/stream";
import { getTypesBy } from "../../api/types";

export interface TownState {
  readonly entities: ReadonlyMap<string, Entity>;
  /** How many there are, also while they are still arriving. */
  readonly total: number;
  readonly isLoading: boolean;
  readonly error: unknown;
  readonly stream: StreamState | "paused";
  /** When the last change arrived, ms. */
  readonly updatedAt: number;
}

const TELL_MS = 1_000;
const AT_ONCE = 3;
const RELOAD_MS = 10 * 60_000;
/** Devices themselves are on their own page; what they measure is here. */
const LEFT_OUT = new Set(["Device"]);

type Raw = Parameters<typeof readEntity>[0];
interface Change {
  readonly change: string;
  readonly data: readonly Raw[];
}

export class Town {
  private readonly entities = new Map<string, Entity>();
  private total = 0;
  private isLoading = true;
  private error: unknown = undefined;
  private stream: TownState["stream"] = "connecting";
  private updatedAt = 0;
  private state: TownState = this.take();
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private reloadTimer: ReturnType<typeof setTimeout> | undefined;
  private running: AbortController | undefined;
  private isPaused = false;
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

  /** Asks for everything, then follows what changes. */
  start(): void {
    this.stop();
    const running = new AbortController();
    this.running = running;
    void this.run(running.signal);
  }

  stop(): void {
    this.running?.abort();
    clearTimeout(this.timer);
    clearTimeout(this.reloadTimer);
    this.timer = undefined;
  }

  /** Whether what changes is shown as it happens (WCAG 2.2.2: what moves by itself can be stopped). */
  setPaused(isPaused: boolean): void {
    this.isPaused = isPaused;
    if (isPaused) {
      this.stop();
      this.stream = "paused";
      this.tellNow();
    } else this.start();
  }

  private async run(signal: AbortSignal): Promise<void> {
    this.isLoading = true;
    this.error = undefined;
    this.tellNow();
    try {
      const types = (await getTypesBy(this.ask)).filter((type) => !LEFT_OUT.has(type));
      const seen = await this.load(types, signal);
      for (const id of this.entities.keys()) if (!seen.has(id)) this.entities.delete(id);
      this.isLoading = false;
      this.updatedAt = Date.now();
      this.tellNow();
      this.reloadTimer = setTimeout(() => this.start(), RELOAD_MS);
      if (types.length > 0) await this.followChanges(types, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.error = error;
      this.isLoading = false;
      this.tellNow();
    }
  }

  private async load(types: readonly string[], signal: AbortSignal): Promise<Set<string>> {
    const seen = new Set<string>();
    if (types.length === 0) return seen;
    const take = (entities: readonly Entity[]) => {
      for (const entity of entities) {
        seen.add(entity.id);
        this.entities.set(entity.id, entity);
      }
      this.tell();
    };
    const first = await getEntities({ types }, signal, this.ask);
    this.total = first.total;
    take(first.entities);
    const offsets = pagesAfterFirst(first.total);
    for (let start = 0; start < offsets.length; start += AT_ONCE) {
      const asked = offsets.slice(start, start + AT_ONCE).map((offset) => getEntities({ types, offset }, signal, this.ask));
      for (const page of await Promise.all(asked)) take(page.entities);
    }
    return seen;
  }

  private followChanges(types: readonly string[], signal: AbortSignal): Promise<void> {
    const query = new URLSearchParams({
      type: types.join(","),
      format: "concise",
      notificationTrigger: "attributeCreated,attributeUpdated,entityCreated,entityDeleted",
    });
    const onState = (state: StreamState) => {
      this.stream = state;
      this.tell();
    };
    return follow(query.toString(), { onEvent: (event) => this.note(event), onState }, signal, this.ask);
  }

  private note(event: StreamEvent): void {
    if (event.event === "gap") this.start();
    if (event.event !== "change" || this.isPaused) return;
    const { change, data } = JSON.parse(event.data) as Change;
    for (const raw of data) {
      if (change === "entityDeleted") this.entities.delete(raw.id);
      else this.entities.set(raw.id, readEntity(raw));
    }
    this.total = Math.max(this.entities.size, this.isLoading ? this.total : 0);
    this.updatedAt = Date.now();
    this.tell();
  }

  private tell(): void {
    this.timer ??= setTimeout(() => this.tellNow(), TELL_MS);
  }

  private tellNow(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.state = this.take();
    for (const listener of this.listeners) listener();
  }

  private take(): TownState {
    const { total, isLoading, error, stream, updatedAt } = this;
    return { entities: new Map(this.entities), total, isLoading, error, stream, updatedAt };
  }
}
