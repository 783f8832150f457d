/** What can go wrong between the console and the API, so that a page can say what, where and how to mend it. */

export interface Problem {
  readonly type?: string;
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string;
  readonly pointer?: string;
  /** Which of the well known troubles it is. */
  readonly code?: string;
  readonly [member: string]: unknown;
}

/** The API answered, and not with what was asked for (RFC 9457). */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem;
  /** Seconds until it makes sense to ask again, where the API says so. */
  readonly retryAfter: number | undefined;

  constructor(status: number, problem: Problem, retryAfter?: number) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

/** The API did not answer at all. */
export class Unreachable extends Error {}

export type ErrorKind = "offline" | "unreachable" | "slow" | "login" | "forbidden" | "missing" | "wrong" | "busy" | "server";

/** Tells what kind of trouble it is; each has words of its own (i18n, `error.<kind>`). */
export function kindOf(error: unknown): ErrorKind {
  if (error instanceof ApiError) return isTooMuch(error) ? "wrong" : kindOfStatus(error.status);
  if (error instanceof DOMException && error.name === "TimeoutError") return "slow";
  return navigator.onLine ? "unreachable" : "offline";
}

/** NGSI-LD refuses with 403 what asks for too much, too; that is no matter of permissions. */
const isTooMuch = ({ status, problem }: ApiError): boolean => status === 403 && /\/Too(ComplexQuery|ManyResults)$/.test(problem.type ?? "");

function kindOfStatus(status: number): ErrorKind {
  if (status === 401) return "login";
  if (status === 403) return "forbidden";
  if (status === 404 || status === 410) return "missing";
  if (status === 429 || status === 503) return "busy";
  return status >= 500 ? "server" : "wrong";
}

/** Whether asking again may help without anybody doing something. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof ApiError) || error.status >= 500 || error.status === 429;
}
