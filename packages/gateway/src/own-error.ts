/** Faults of the gateway itself, in the shape of the route's format, so that client libraries can parse them. */
import { STATUS_CODES, type ServerResponse } from "node:http";
import { ERROR_CODES, type ErrorCode } from "@nexent/monitor-core";

/** Error body shapes of the wire formats. */
export type ErrorShape = "openai" | "anthropic";

/** A fault that is answered before any response head was sent. */
export interface OwnError {
  readonly code: ErrorCode;
  /** Names the upstream at most; never an address, a query or a key. */
  readonly message: string;
  readonly shape?: ErrorShape;
  readonly retryAfterSeconds?: number;
  /** Close the connection after the answer. */
  readonly close?: boolean;
}

function bodyOf(error: OwnError): string {
  if (error.shape === "anthropic") {
    return JSON.stringify({ type: "error", error: { type: "api_error", message: error.message } });
  }
  const code = `gateway_${error.code.toLowerCase()}`;
  return JSON.stringify({ error: { message: error.message, type: "gateway_error", param: null, code } });
}

/** HTTP status of a fault; the codes that have none are never answered over HTTP. */
function statusOf(code: ErrorCode): number {
  const definition = ERROR_CODES[code];
  return "httpStatus" in definition ? definition.httpStatus : 500;
}

/** Sends the fault. The response head must not have been sent. */
export function sendOwnError(response: ServerResponse, error: OwnError): void {
  const body = Buffer.from(bodyOf(error));
  const headers = [
    "Content-Type",
    "application/json",
    "Content-Length",
    String(body.length),
    "Cache-Control",
    "no-store",
    "X-Content-Type-Options",
    "nosniff",
    "x-gateway-error",
    error.code,
  ];
  if (error.retryAfterSeconds !== undefined) headers.push("Retry-After", String(error.retryAfterSeconds));
  if (error.close === true) headers.push("Connection", "close");
  const status = statusOf(error.code);
  // The reason phrase is given, or Node would keep one that it has just refused to send.
  response.writeHead(status, STATUS_CODES[status] ?? "", headers);
  response.end(body);
}
