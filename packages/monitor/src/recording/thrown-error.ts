import { errorTypeOfStatus, readFault, type ErrorType, type ProviderFault } from "@nexent/monitor-core";
import type { CallEnd } from "./recording.ts";
import { safeProperty } from "../redact.ts";

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
  "ERR_STREAM_PREMATURE_CLOSE",
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

/** What clients say of a stream that ended without its end (Ollama, Google). */
const CUT_MESSAGES = new Set([
  "Did not receive done or success response in stream.",
  "Incomplete JSON segment at the end",
]);

/** Where a call was when it threw: it decides what a broken connection is called. */
export type ThrownWhere = "call" | "stream";

function namesOf(error: unknown): readonly string[] {
  const names = [safeProperty(error, "name"), safeProperty(safeProperty(error, "constructor"), "name")];
  return names.filter((name) => typeof name === "string");
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
  const names = ["status", "statusCode", "status_code"];
  const status = names.map((name) => safeProperty(error, name)).find((found) => found !== undefined);
  return typeof status === "number" && status >= 400 && status <= 599 ? status : undefined;
}

/**
 * What the provider said in its error body, which client libraries keep in `error` (the AI SDK in `data`), some with the
 * envelope around it; undefined when it says nothing to us.
 */
function faultOf(error: unknown): ProviderFault | undefined {
  const kept = safeProperty(error, "error") ?? safeProperty(error, "data") ?? error;
  const body = safeProperty(kept, "error") ?? kept;
  const [code, type, status] = ["code", "type", "status"].map((name) => safeProperty(body, name));
  const fault = readFault({ code, type, status });
  return fault.errorType === "stream_error" ? undefined : fault;
}

function typeOfStatus(status: number, error: unknown): ErrorType {
  return status === 429 && faultOf(error)?.errorType === "quota" ? "quota" : errorTypeOfStatus(status);
}

/** A connection that breaks after the headers is an interrupted stream, before them a failed connection. */
function typeOfBreak(where: ThrownWhere): ErrorType {
  return where === "stream" ? "stream_interrupted" : "connection";
}

function typeOfChain(chain: readonly unknown[], where: ThrownWhere): ErrorType | undefined {
  for (const error of chain) {
    const names = namesOf(error);
    const code = text(safeProperty(error, "code"));
    if (names.some((name) => TIMEOUT_NAMES.has(name)) || TIMEOUT_CODES.has(code ?? "")) return "timeout";
    if (CONNECTION_CODES.has(code ?? "")) return typeOfBreak(where);
  }
  for (const error of chain) {
    if (namesOf(error).some((name) => CONNECTION_NAMES.has(name))) return typeOfBreak(where);
    const message = safeProperty(error, "message");
    // undici says no more than this when a body is cut, or when nothing answered.
    if (namesOf(error).includes("TypeError") && (message === "terminated" || message === "fetch failed"))
      return typeOfBreak(where);
    if (where === "stream" && typeof message === "string" && CUT_MESSAGES.has(message)) return "stream_interrupted";
  }
  return undefined;
}

/** What an error event said, else what parsing said, else an error event without a known name. */
function typeOfRest(error: unknown): ErrorType {
  const fault = faultOf(error);
  if (fault !== undefined) return fault.errorType;
  // By name: asked with `instanceof`, a revoked proxy would throw into the host.
  if (namesOf(error).includes("SyntaxError")) return "protocol";
  return namesOf(error).includes("APIError") ? "stream_error" : "application";
}

/**
 * How a call ends that threw `error` (measurement contract 1.4): a user's abort is `cancelled`, everything else `error`.
 * @param signal the caller's own: what clients throw for it does not say whether it ran out of time.
 */
export function endOfThrown(error: unknown, where: ThrownWhere, signal?: AbortSignal): CallEnd {
  const chain = chainOf(error);
  const status = statusOf(error);
  const code = text(safeProperty(error, "code")) ?? text(safeProperty(error, "type"));
  const more = { error, ...(code !== undefined && { errorCode: code }) };
  if (status !== undefined)
    return { outcome: "error", errorType: typeOfStatus(status, error), httpStatus: status, ...more };
  const known = typeOfChain(chain, where);
  if (known === "timeout") return { outcome: "error", errorType: "timeout", ...more };
  if (chain.some((link) => namesOf(link).some((name) => ABORT_NAMES.has(name)))) {
    return signal?.aborted === true ? endOfAbort(signal.reason) : { outcome: "cancelled" };
  }
  return { outcome: "error", errorType: known ?? typeOfRest(error), ...more };
}

/** How a stream ends whose abort signal fired: by a timeout it is an error, else somebody changed their mind. */
export function endOfAbort(reason: unknown): CallEnd {
  const timedOut = namesOf(reason).includes("TimeoutError");
  return timedOut ? { outcome: "error", errorType: "timeout", error: reason } : { outcome: "cancelled" };
}
