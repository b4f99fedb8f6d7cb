import { errorTypeOfStatus, type ErrorType } from "@nexent/monitor-core";
import type { CallEnd } from "./recording.ts";
import { safeProperty } from "./redact.ts";

const TIMEOUT_NAMES = new Set([
  "TimeoutError",
  "APIConnectionTimeoutError",
  "ConnectTimeoutError",
  "HeadersTimeoutError",
  "BodyTimeoutError",
]);
const ABORT_NAMES = new Set(["AbortError", "APIUserAbortError", "RequestAbortedError"]);
const CONNECTION_NAMES = new Set(["APIConnectionError", "SocketError"]);
const CONNECTION_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EPIPE",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_SOCKET",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);
const TIMEOUT_CODES = new Set([
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
]);
const QUOTA_CODES = new Set(["insufficient_quota", "billing_hard_limit_reached", "quota_exceeded"]);

/** Error events under status 200 carry a type or code instead of a status. */
const TYPES_BY_CODE: Readonly<Record<string, ErrorType>> = {
  overloaded_error: "overloaded",
  rate_limit_error: "rate_limited",
  rate_limit_exceeded: "rate_limited",
  insufficient_quota: "quota",
  authentication_error: "auth",
  permission_error: "auth",
  not_found_error: "not_found",
  invalid_request_error: "invalid_request",
  api_error: "server_error",
  server_error: "server_error",
};

/** Where a call was when it threw: it decides what a broken connection is called. */
export type ThrownWhere = "call" | "stream";

function namesOf(error: unknown): readonly unknown[] {
  return [safeProperty(error, "name"), safeProperty(safeProperty(error, "constructor"), "name")];
}

/** The error and its causes, at most five deep (`fetch failed` hides the reason in `cause`). */
function chainOf(error: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  for (let at: unknown = error; at !== undefined && at !== null && chain.length < 5; at = safeProperty(at, "cause"))
    chain.push(at);
  return chain;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value.slice(0, 100) : undefined;
}

function statusOf(error: unknown): number | undefined {
  const status = safeProperty(error, "status") ?? safeProperty(error, "statusCode");
  return typeof status === "number" && status >= 400 && status <= 599 ? status : undefined;
}

function typeOfStatus(status: number, code: string | undefined): ErrorType {
  return status === 429 && code !== undefined && QUOTA_CODES.has(code) ? "quota" : errorTypeOfStatus(status);
}

/** A connection that breaks after the headers is an interrupted stream, before them a failed connection. */
function typeOfBreak(where: ThrownWhere): ErrorType {
  return where === "stream" ? "stream_interrupted" : "connection";
}

function typeOfChain(chain: readonly unknown[], where: ThrownWhere): ErrorType | undefined {
  for (const error of chain) {
    const names = namesOf(error);
    const code = text(safeProperty(error, "code"));
    if (names.some((name) => TIMEOUT_NAMES.has(name as string)) || TIMEOUT_CODES.has(code ?? "")) return "timeout";
    if (CONNECTION_CODES.has(code ?? "")) return typeOfBreak(where);
  }
  for (const error of chain) {
    if (namesOf(error).some((name) => CONNECTION_NAMES.has(name as string))) return typeOfBreak(where);
    const message = safeProperty(error, "message");
    // undici says no more than this when a body is cut, or when nothing answered.
    if (error instanceof TypeError && (message === "terminated" || message === "fetch failed"))
      return typeOfBreak(where);
  }
  return undefined;
}

/** Fallback of a stream: what an error event said, else what parsing said, else an error event without a known name. */
function typeInStream(error: unknown, code: string | undefined): ErrorType {
  const byCode =
    (code === undefined ? undefined : TYPES_BY_CODE[code]) ?? TYPES_BY_CODE[text(safeProperty(error, "type")) ?? ""];
  if (byCode !== undefined) return byCode;
  if (error instanceof SyntaxError) return "protocol";
  return namesOf(error).includes("APIError") ? "stream_error" : "application";
}

/** How a call ends that threw `error` (measurement contract 1.4): a user's abort is `cancelled`, everything else `error`. */
export function endOfThrown(error: unknown, where: ThrownWhere): CallEnd {
  const chain = chainOf(error);
  const status = statusOf(error);
  const code = text(safeProperty(error, "code")) ?? text(safeProperty(error, "type"));
  const more = { error, ...(code !== undefined && { errorCode: code }) };
  if (status !== undefined)
    return { outcome: "error", errorType: typeOfStatus(status, code), httpStatus: status, ...more };
  const known = typeOfChain(chain, where);
  if (known === "timeout") return { outcome: "error", errorType: "timeout", ...more };
  if (chain.some((link) => namesOf(link).some((name) => ABORT_NAMES.has(name as string))))
    return { outcome: "cancelled" };
  return { outcome: "error", errorType: known ?? typeInStream(error, code), ...more };
}

/** How a stream ends whose abort signal fired: by a timeout it is an error, else somebody changed their mind. */
export function endOfAbort(reason: unknown): CallEnd {
  const timedOut = namesOf(reason).includes("TimeoutError");
  return timedOut ? { outcome: "error", errorType: "timeout", error: reason } : { outcome: "cancelled" };
}
