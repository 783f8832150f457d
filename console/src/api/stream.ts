/**
 * The live stream (docs/en/stream.md), read by `fetch`, because `EventSource` cannot show a key. Comes back by itself
 * where it stopped; says how it is.
 */

import { type Send, send } from "./client";
import { ApiError } from "./errors";

export type StreamState = "connecting" | "live" | "waiting" | "refused";

export interface StreamEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

export interface Listener {
  onEvent: (event: StreamEvent) => void;
  onState: (state: StreamState) => void;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
/** An open stream gives a sign of life every 15 seconds; after three missed ones it is dead. */
const SILENCE_MS = 50_000;
const DAY_MS = 86_400_000;

/** Follows a stream until `signal` ends it. */
export async function follow(query: string, listener: Listener, signal: AbortSignal, ask: Send = send): Promise<void> {
  let last: string | undefined;
  let wait = FIRST_WAIT_MS;
  const note = (event: StreamEvent) => {
    last = event.id ?? last;
    wait = FIRST_WAIT_MS;
    if (event.data !== "") listener.onEvent(event);
  };
  while (!signal.aborted) {
    listener.onState("connecting");
    try {
      await readOnce(query, last, note, () => listener.onState("live"), signal, ask);
    } catch (error) {
      if (isOver(signal)) return;
      if (error instanceof ApiError && error.status < 500 && error.status !== 429) {
        listener.onState("refused");
        return;
      }
      if (error instanceof ApiError && error.retryAfter !== undefined) wait = Math.max(wait, error.retryAfter * 1000);
    }
    if (isOver(signal)) return;
    listener.onState("waiting");
    await pause(wait, signal);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}

// Read anew each time: a signal ends while one waits
const isOver = (signal: AbortSignal): boolean => signal.aborted;

async function readOnce(
  query: string,
  last: string | undefined,
  note: (event: StreamEvent) => void,
  onOpen: () => void,
  signal: AbortSignal,
  ask: Send,
): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const headers = { Accept: "text/event-stream", ...(last !== undefined && { "Last-Event-ID": last }) };
    const response = await ask(`/api/v1/stream?${query}`, { headers, signal: AbortSignal.any([signal, silence.signal]) }, DAY_MS);
    if (response.body === null) return;
    onOpen();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new EventParser(note);
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      parser.take(part.value);
    }
  } finally {
    clearTimeout(timer);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const end = () => {
      clearTimeout(timer);
      window.removeEventListener("online", end);
      done();
    };
    const timer = setTimeout(end, ms);
    window.addEventListener("online", end, { once: true });
    signal.addEventListener("abort", end, { once: true });
  });
}

/** Takes a stream of Server-Sent Events apart, however it is cut into pieces. */
export class EventParser {
  private rest = "";
  private readonly note: (event: StreamEvent) => void;

  constructor(note: (event: StreamEvent) => void) {
    this.note = note;
  }

  take(text: string): void {
    const blocks = (this.rest + text).split("\n\n");
    this.rest = blocks.pop() ?? "";
    for (const block of blocks) this.read(block);
  }

  private read(block: string): void {
    let id: string | undefined;
    let event = "message";
    const data: string[] = [];
    for (const line of block.split("\n")) {
      const [, name, value = ""] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
      if (name === "id") id = value;
      else if (name === "event") event = value;
      else if (name === "data") data.push(value);
    }
    if (id !== undefined || data.length > 0) this.note({ id, event, data: data.join("\n") });
  }
}
