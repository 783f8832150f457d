// @vitest-environment happy-dom

import { expect, it, vi } from "vitest";
import type { Send } from "../../api/client";
import { Town } from "./town";

const noise = (id: string, value: number) => ({ id, type: "NoiseLevelObserved", name: id, LAeq: { value, unitCode: "2N", observedAt: "2026-11-23T00:00:00Z" } });
const event = (id: number, change: string, entity: object) => `id: ${id}\nevent: change\ndata: ${JSON.stringify({ change, data: [entity] })}\n\n`;

/** A server with three places, whose stream says what it is given before the places are answered. */
function serve(told: string, isHeld?: Promise<void>): Send {
  return async (path) => {
    if (path.includes("/types")) return new Response(JSON.stringify([{ id: "x", typeName: "NoiseLevelObserved", attributeNames: ["name", "LAeq"] }]));
    if (path.includes("/stream")) return new Response(new ReadableStream({ start: (body) => body.enqueue(new TextEncoder().encode(`: heartbeat\n\n${told}`)) }));
    await new Promise((done) => setTimeout(done, 20)); // the stream has been read by then
    await isHeld;
    return new Response(JSON.stringify([noise("a", 1), noise("b", 2), noise("c", 3)]), { headers: { "NGSILD-Results-Count": "3" } });
  };
}

const levels = (town: Town) => [...town.getState().entities.values()].map((each) => [each.id, each.attributes.get("LAeq")?.value]).sort();

it("what the stream tells while the town is loaded is newer than what is loaded", async () => {
  const town = new Town(serve(event(1, "entityUpdated", noise("a", 99)) + event(2, "entityDeleted", { id: "b", type: "NoiseLevelObserved" }) + event(3, "entityCreated", noise("d", 4))));
  town.start();
  await vi.waitFor(() => expect(town.getState().isLoading).toBe(false));
  expect(levels(town)).toEqual([["a", 99], ["c", 3], ["d", 4]]);
  expect(town.getState()).toMatchObject({ total: 3, stream: "live", error: undefined });
  town.stop();
});

it("the loading can be stopped; what has come stays current, and can be held still", async () => {
  let tell: (text: string) => void = () => undefined;
  const never = new Promise<void>(() => undefined);
  const still = serve("", never);
  const ask: Send = (path, init) => {
    if (!path.includes("/stream")) return Promise.race([still(path, init), aborted(init?.signal)]);
    return Promise.resolve(new Response(new ReadableStream({ start: (body) => void (tell = (text) => body.enqueue(new TextEncoder().encode(text))) })));
  };
  const town = new Town(ask);
  town.start();
  await vi.waitFor(() => expect(town.getState().stream).toBe("live"));
  town.cancel();
  await vi.waitFor(() => expect(town.getState()).toMatchObject({ isLoading: false, isPartial: true, error: undefined }));
  tell(event(1, "entityCreated", noise("d", 4)));
  await vi.waitFor(() => expect(levels(town)).toEqual([["d", 4]]));
  town.setPaused(true);
  tell(event(2, "entityUpdated", noise("d", 5)));
  await new Promise((done) => setTimeout(done, 50));
  expect([town.getState().stream, levels(town)]).toEqual(["paused", [["d", 4]]]);
  town.setPaused(false);
  expect([town.getState().stream, levels(town)]).toEqual(["live", [["d", 5]]]);
  town.stop();
});

const aborted = (signal: AbortSignal | null | undefined) =>
  new Promise<Response>((_, fail) => {
    signal?.addEventListener("abort", () => fail(new DOMException("stopped", "AbortError")));
  });
