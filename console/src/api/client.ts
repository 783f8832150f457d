/** The one way to the API: credentials, time limits, one shape of errors. Types come from our OpenAPI document. */

import createClient from "openapi-fetch";
import { credentialHeaders } from "./credentials";
import { ApiError, type Problem, Unreachable } from "./errors";
import type { paths } from "./schema";

const TIMEOUT_MS = 30_000;

type Listener = () => void;
let onUnauthorized: Listener = () => undefined;

/** Tells the shell that the API does not know who asks (any more). */
export function listenToUnauthorized(listener: Listener): void {
  onUnauthorized = listener;
}

/** A request with credentials and a time limit. Raises ApiError, Unreachable, or AbortError where the caller's signal says so. */
export async function send(path: string, init: RequestInit = {}, timeoutMs = TIMEOUT_MS): Promise<Response> {
  return sendRequest(new Request(new URL(path, location.origin), init), timeoutMs);
}

export type Send = typeof send;

/** As `send`, as somebody who is not logged in: what the public may see. */
export const sendAsAnyone: Send = (path, init, timeoutMs) => send(path, { ...init, credentials: "omit" }, timeoutMs);

async function sendRequest(request: Request, timeoutMs: number): Promise<Response> {
  const headers = new Headers(request.headers);
  const isAnonymous = request.credentials === "omit";
  for (const [name, value] of Object.entries(isAnonymous ? {} : credentialHeaders(request.method))) {
    if (!headers.has(name)) headers.set(name, value);
  }
  const limit = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([request.signal, limit]);
  let response: Response;
  try {
    response = await fetch(new Request(request, { headers, signal, cache: "no-store" }));
  } catch (error) {
    if (error instanceof DOMException) throw error;
    throw new Unreachable("The server did not answer", { cause: error });
  }
  if (response.ok || response.status === 304) return response;
  if (response.status === 401 && !isAnonymous) onUnauthorized();
  throw await errorOf(response);
}

async function errorOf(response: Response): Promise<ApiError> {
  let problem: Problem = {};
  try {
    problem = (await response.json()) as Problem;
  } catch {
    // Not every server on the way speaks JSON
  }
  const retryAfter = Number(response.headers.get("Retry-After"));
  return new ApiError(response.status, problem, retryAfter > 0 ? retryAfter : undefined);
}

/** The typed client: `await api.GET("/api/v1/devices", { params: { query: { limit: 20 } } })`. Raises as `send` does. */
export const api = createClient<paths>({ baseUrl: location.origin, fetch: (request) => sendRequest(request, TIMEOUT_MS) });

/** Gives what an operation answered. Errors were raised before; an answer without a body is a programmer's mistake. */
export async function answer<T>(asked: Promise<{ data?: T; response: Response }>): Promise<T> {
  const { data, response } = await asked;
  if (data === undefined) throw new ApiError(response.status, { title: "The answer is empty" });
  return data;
}
