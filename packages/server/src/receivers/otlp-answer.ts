import type { IncomingMessage, ServerResponse } from "node:http";
import {
  CONTENT_TYPES,
  encodeExportResponse,
  encodeStatus,
  RPC_CODES,
  type OtlpEncoding,
  type PartialSuccess,
} from "../codecs/otlp-answers.ts";
import type { Signal } from "../codecs/telemetry-batch.ts";

/** Headers of every answer of an ingest listener (reliability contract 7.5). */
const SAFE_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
};

/** An error answer before it is encoded. */
export interface ErrorAnswer {
  readonly status: number;
  readonly message: string;
  readonly retryAfterMs?: number;
  readonly allow?: string;
}

/** `google.rpc.Code` of an HTTP status. */
function rpcCodeOf(status: number): number {
  if (status === 401) return RPC_CODES.unauthenticated;
  if (status === 403 || status === 421) return RPC_CODES.permissionDenied;
  if (status === 413) return RPC_CODES.resourceExhausted;
  if (status === 404 || status === 405 || status === 415) return RPC_CODES.unimplemented;
  return status === 429 || status >= 500 ? RPC_CODES.unavailable : RPC_CODES.invalidArgument;
}

/** Answers 200 with an `Export…ServiceResponse` in the request's encoding. */
export function sendSuccess(
  response: ServerResponse,
  encoding: OtlpEncoding,
  signal: Signal,
  partial?: PartialSuccess,
): void {
  send(response, 200, encodeExportResponse(encoding, signal, partial), { "content-type": CONTENT_TYPES[encoding] });
}

/** Answers with a `google.rpc.Status` in the request's encoding. */
export function sendError(response: ServerResponse, encoding: OtlpEncoding, answer: ErrorAnswer): void {
  send(response, answer.status, encodeStatus(encoding, rpcCodeOf(answer.status), answer.message), {
    "content-type": CONTENT_TYPES[encoding],
    ...(answer.retryAfterMs === undefined
      ? {}
      : { "retry-after": String(Math.max(1, Math.ceil(answer.retryAfterMs / 1000))) }),
    ...(answer.allow === undefined ? {} : { allow: answer.allow }),
  });
}

/** Answers with no body, or with one word. */
export function sendPlain(
  response: ServerResponse,
  status: number,
  word = "",
  headers: Readonly<Record<string, string>> = {},
): void {
  const type = word === "" ? {} : { "content-type": "text/plain; charset=utf-8" };
  send(response, status, Buffer.from(word), { ...type, ...headers });
}

function send(
  response: ServerResponse,
  status: number,
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
): void {
  if (response.headersSent || response.destroyed) return;
  const length = status === 204 ? {} : { "content-length": String(body.byteLength) };
  response.writeHead(status, { ...SAFE_HEADERS, ...headers, ...length });
  response.end(body);
}

/** Most bytes of a refused body that are read and thrown away so that its sender gets to see the answer. */
const DISCARD_BYTES = 8 * 1024 * 1024;
const DISCARD_MS = 2_000;

/**
 * After a refusal in mid-body: reads on for a moment without keeping anything, then cuts. A socket that is cut at once
 * resets the connection, and most clients then never read why.
 */
export function discardBody(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete || request.destroyed) return;
  let left = DISCARD_BYTES;
  const cut = (): void => {
    clearTimeout(timer);
    request.socket.destroy();
  };
  const timer = setTimeout(cut, DISCARD_MS);
  timer.unref();
  request.on("data", (chunk: Buffer) => {
    left -= chunk.byteLength;
    if (left < 0) cut();
  });
  request.once("end", () => clearTimeout(timer));
  request.once("close", () => clearTimeout(timer));
  response.once("close", () => clearTimeout(timer));
  request.resume();
}
