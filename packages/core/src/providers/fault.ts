import { errorTypeOfStatus, type ErrorType } from "../model/outcome.ts";
import type { Fields } from "./json-fields.ts";
import type { ProviderFault } from "./provider.ts";

/** Codes and types that OpenAI-compatible servers send, lower case, by our closed list. */
const CODES: Readonly<Partial<Record<ErrorType, readonly string[]>>> = {
  rate_limited: ["rate_limit_exceeded", "rate_limit_error", "rate_limited", "tokens", "requests", "too_many_requests"],
  quota: [
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_error",
    "quota_exceeded",
    "insufficient_balance",
  ],
  auth: ["authentication_error", "invalid_api_key", "permission_error", "permission_denied", "unauthorized"],
  not_found: ["not_found_error", "notfounderror", "not_found", "model_not_found"],
  invalid_request: [
    "invalid_request_error",
    "badrequesterror",
    "context_length_exceeded",
    "content_policy_violation",
    "content_filter",
    "request_too_large",
    "invalid_prompt",
    "invalid_image",
    "invalid_image_url",
    "invalid_image_format",
    "invalid_base64_image",
    "image_too_large",
    "image_content_policy_violation",
  ],
  overloaded: [
    "overloaded_error",
    "overloaded",
    "engine_overloaded",
    "engine_overloaded_error",
    "service_unavailable",
    "service_unavailable_error",
    "unavailable_error",
  ],
  server_error: ["server_error", "api_error", "internal_error", "internal_server_error", "internalservererror"],
  timeout: ["timeout", "timeout_error", "request_timeout", "deadline_exceeded"],
};

// A map, not an object: the code "constructor" must find nothing.
const TYPE_OF_CODE: ReadonlyMap<string, ErrorType> = new Map(
  Object.entries(CODES).flatMap(([type, codes]) => codes.map((code) => [code, type as ErrorType] as const)),
);

/** Raw codes are kept for one attribute only. What is no short word is no code: a sentence may echo a prompt or a key. */
const CODE = /^[\w.:/-]{1,64}$/;

function scalar(value: unknown): string | undefined {
  if (typeof value === "string" && value !== "") return value;
  return typeof value === "number" && Number.isFinite(value) ? String(value) : undefined;
}

/** The error type of a provider's code, type or status text; undefined when it says nothing to us. */
function errorTypeOfCode(code: string): ErrorType | undefined {
  if (/^[45]\d\d$/.test(code)) return errorTypeOfStatus(Number(code));
  return TYPE_OF_CODE.get(code.toLowerCase());
}

/** `error` of a chunk or body as client libraries take it: null, false and the empty string are no error. */
export function errorOf(given: Fields): unknown {
  const error = given["error"];
  return error === undefined || error === null || error === false || error === "" ? undefined : error;
}

/**
 * Reads the `error` member of a chunk or body: an object with `code`, `type`, `status`, or a bare string. What maps to
 * nothing else is `stream_error`. The message is not read: it may echo prompts and keys.
 */
export function readFault(error: unknown): ProviderFault {
  if (typeof error !== "object" || error === null) return { errorType: "stream_error" };
  const { code, type, status } = error as {
    readonly code?: unknown;
    readonly type?: unknown;
    readonly status?: unknown;
  };
  const given = [scalar(code), scalar(type), scalar(status)].filter((value) => value !== undefined);
  const errorType = given.map(errorTypeOfCode).find((mapped) => mapped !== undefined) ?? "stream_error";
  const raw = given.find((value) => CODE.test(value));
  return raw === undefined ? { errorType } : { errorType, code: raw };
}
