import { errorTypeOfStatus, type ErrorType } from "../model/outcome.ts";
import type { ProviderFault } from "./provider.ts";

/** Codes and types that OpenAI-compatible servers send, lower case, to our closed list. */
const ERROR_TYPE_OF_CODE: Readonly<Record<string, ErrorType>> = {
  rate_limit_exceeded: "rate_limited",
  rate_limit_error: "rate_limited",
  rate_limited: "rate_limited",
  tokens: "rate_limited",
  requests: "rate_limited",
  insufficient_quota: "quota",
  billing_hard_limit_reached: "quota",
  billing_error: "quota",
  authentication_error: "auth",
  invalid_api_key: "auth",
  permission_error: "auth",
  not_found_error: "not_found",
  notfounderror: "not_found",
  model_not_found: "not_found",
  invalid_request_error: "invalid_request",
  badrequesterror: "invalid_request",
  context_length_exceeded: "invalid_request",
  content_policy_violation: "invalid_request",
  overloaded_error: "overloaded",
  overloaded: "overloaded",
  engine_overloaded: "overloaded",
  server_error: "server_error",
  api_error: "server_error",
  internal_error: "server_error",
  internal_server_error: "server_error",
  internalservererror: "server_error",
  timeout: "timeout",
  timeout_error: "timeout",
};

function scalar(value: unknown): string | undefined {
  if (typeof value === "string" && value !== "") return value;
  return typeof value === "number" && Number.isFinite(value) ? String(value) : undefined;
}

function typeOf(code: string | undefined): ErrorType | undefined {
  if (code === undefined) return undefined;
  const status = Number(code);
  if (Number.isInteger(status) && status >= 400 && status < 600) return errorTypeOfStatus(status);
  return ERROR_TYPE_OF_CODE[code.toLowerCase()];
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
  const known = [scalar(code), scalar(type), scalar(status)];
  const errorType = known.map(typeOf).find((mapped) => mapped !== undefined) ?? "stream_error";
  const raw = known.find((value) => value !== undefined);
  return raw === undefined ? { errorType } : { errorType, code: raw.slice(0, 128) };
}
