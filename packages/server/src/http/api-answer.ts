import { ERROR_CODES, MonitorError, type ErrorCode, type ErrorDefinition } from "@nexent/monitor-core";
import type { ErrorBody } from "@nexent/monitor-api";
import type { Context } from "hono";
import type { ApiEnv } from "./api-context.ts";

/** Statuses of the error table that this API answers with. */
const STATUSES = [400, 401, 403, 404, 413, 415, 421, 429, 501, 503] as const;

type Params = ErrorBody["error"]["params"];

/** A refusal of the API with the parameters its message needs. */
export class ApiRefusal extends Error {
  readonly code: ErrorCode;
  readonly params: Params;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, params: Params = {}, retryAfterMs?: number) {
    super(code);
    this.name = "ApiRefusal";
    this.code = code;
    this.params = params;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What the numbers of an answer rest on. */
export interface Basis {
  /** Requests. */
  readonly n?: number | undefined;
  /** Of percentiles that are sketches, a share; absent when everything is exact. */
  readonly relativeError?: number | undefined;
}

/** Answers `{ data, meta }`. */
export function answerData(c: Context<ApiEnv>, data: unknown, { n, relativeError }: Basis = {}): Response {
  const tookMs = Math.max(0, Math.round((performance.now() - c.get("startedMs")) * 100) / 100);
  const bound = relativeError === undefined ? {} : { relativeError };
  const meta = { ...(n === undefined ? {} : { n }), exact: relativeError === undefined, ...bound, tookMs };
  return c.json({ data, meta });
}

/** Answers an error in the shape of the API: id, parameters, request id; no text, no stack, no path. */
export function answerError(c: Context<ApiEnv>, code: ErrorCode, params: Params = {}, retryAfterMs?: number): Response {
  const definition: ErrorDefinition = ERROR_CODES[code];
  const status = STATUSES.find((known) => known === definition.httpStatus) ?? 503;
  if (retryAfterMs !== undefined) c.header("retry-after", String(Math.max(1, Math.ceil(retryAfterMs / 1000))));
  return c.json({ error: { id: code, params, requestId: c.get("requestId") } } satisfies ErrorBody, status);
}

/** What an exception of a handler is answered with. Only query mistakes carry their text: it is the asker's own. */
export function answerFault(c: Context<ApiEnv>, error: unknown): Response | undefined {
  if (error instanceof ApiRefusal) return answerError(c, error.code, error.params, error.retryAfterMs);
  if (error instanceof MonitorError) {
    const params: Params = error.code === "QUERY_INVALID" ? { problem: error.message } : {};
    return answerError(c, error.code, params, error.code === "STORE_UNAVAILABLE" ? 1_000 : undefined);
  }
  if (error instanceof DOMException && error.name === "TimeoutError") return answerError(c, "QUERY_TIMEOUT", {}, 1_000);
  return undefined;
}
