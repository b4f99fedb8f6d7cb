import type { IncomingMessage, ServerResponse } from "node:http";

/** Headers of every answer of an ingest listener (reliability contract 7.5). */
const SAFE_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
};

/** Answers once; a second answer, or one to a client that is gone, is dropped. */
export function send(
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

/** Answers with no body, or with a line of text. */
export function sendPlain(
  response: ServerResponse,
  status: number,
  text = "",
  headers: Readonly<Record<string, string>> = {},
): void {
  const type = text === "" ? {} : { "content-type": "text/plain; charset=utf-8" };
  send(response, status, Buffer.from(text), { ...type, ...headers });
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
