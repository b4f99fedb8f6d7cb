/** Faults of the gateway itself, in the shape of the route's format, so that client libraries can parse them. */
import { STATUS_CODES, type ServerResponse } from "node:http";
import { ERROR_CODES, type ErrorCode } from "@nexent/monitor-core";
import type { FormatFamily } from "./format-family.ts";

/** A fault that is answered before any response head was sent. */
export interface OwnError {
  readonly code: ErrorCode;
  /** Names the upstream at most; never an address, a query or a key. */
  readonly message: string;
  /** Whose shape the body has; default `openai`. */
  readonly shape?: FormatFamily;
  readonly retryAfterSeconds?: number;
  /** Close the connection after the answer. */
  readonly close?: boolean;
}

/** HTTP status of a fault; the codes that have none are never answered over HTTP. */
function statusOf(code: ErrorCode): number {
  const definition = ERROR_CODES[code];
  return "httpStatus" in definition ? definition.httpStatus : 500;
}

/** Names of Google's status codes, by HTTP status. */
const GOOGLE_STATUS: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  413: "INVALID_ARGUMENT",
  501: "UNIMPLEMENTED",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

function bodiesOf({ code, message }: OwnError, status: number): Readonly<Record<FormatFamily, unknown>> {
  return {
    openai: { error: { message, type: "gateway_error", param: null, code: `gateway_${code.toLowerCase()}` } },
    anthropic: { type: "error", error: { type: "api_error", message } },
    gemini: { error: { code: status, message, status: GOOGLE_STATUS[status] ?? "INTERNAL" } },
    ollama: { error: message },
  };
}

/** Sends the fault. The response head must not have been sent. */
export function sendOwnError(response: ServerResponse, error: OwnError): void {
  const status = statusOf(error.code);
  const body = Buffer.from(JSON.stringify(bodiesOf(error, status)[error.shape ?? "openai"]));
  const headers = [
    "Content-Type",
    "application/json",
    "Content-Length",
    String(body.length),
    "Cache-Control",
    "no-store",
    "X-Content-Type-Options",
    "nosniff",
    "Content-Security-Policy",
    "default-src 'none'; frame-ancestors 'none'",
    "x-gateway-error",
    error.code,
  ];
  if (error.retryAfterSeconds !== undefined) headers.push("Retry-After", String(error.retryAfterSeconds));
  if (error.close === true) headers.push("Connection", "close");
  // The reason phrase is given, or Node would keep one that it has just refused to send.
  response.writeHead(status, STATUS_CODES[status] ?? "", headers);
  response.end(body);
}
