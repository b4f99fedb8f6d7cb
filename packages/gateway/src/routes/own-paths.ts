/** Paths the gateway answers itself; they are never forwarded and need no token (gateway contract 3). */
import type { IncomingMessage, ServerResponse } from "node:http";
import zlib from "node:zlib";
import { negotiateExposition, type ExpositionFormat } from "@nexent/monitor-core";

/** What the own paths show. */
export interface OwnPaths {
  /** True when the request was one of ours and is being answered. */
  answer(request: IncomingMessage, response: ServerResponse, path: string): boolean;
}

/** Where the answers come from. */
export interface OwnPathSources {
  /** The exposition in one of the two formats. */
  readonly expose: (format: ExpositionFormat) => string;
  readonly draining: () => boolean;
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: string | Buffer): void {
  response.writeHead(status, {
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    ...headers,
  });
  response.end(body);
}

function sendStatus(response: ServerResponse, status: number, word: string): void {
  send(response, status, { "Content-Type": "application/json" }, JSON.stringify({ status: word }));
}

function acceptsGzip(request: IncomingMessage): boolean {
  const accepted = request.headers["accept-encoding"];
  return typeof accepted === "string" && /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(accepted);
}

/** Answers `/metrics`, `/health` and `/readyz`. */
export function createOwnPaths(sources: OwnPathSources): OwnPaths {
  function sendMetrics(request: IncomingMessage, response: ServerResponse): void {
    const { format, contentType } = negotiateExposition(request.headers.accept);
    const text = sources.expose(format);
    const headers = { "Content-Type": contentType, Vary: "Accept, Accept-Encoding" };
    if (!acceptsGzip(request)) {
      send(response, 200, headers, text);
      return;
    }
    // In the thread pool: a scrape must not delay a time stamp.
    zlib.gzip(text, (error, body) => {
      if (response.destroyed) return;
      if (error === null) send(response, 200, { ...headers, "Content-Encoding": "gzip" }, body);
      else send(response, 200, headers, text);
    });
  }

  return {
    answer(request, response, path) {
      if (path !== "/metrics" && path !== "/health" && path !== "/readyz") return false;
      if (request.method !== "GET" && request.method !== "HEAD") {
        send(response, 405, { Allow: "GET, HEAD", "Content-Type": "application/json" }, "{}");
      } else if (path === "/metrics") sendMetrics(request, response);
      else if (path === "/health") sendStatus(response, 200, "ok");
      else if (sources.draining()) sendStatus(response, 503, "draining");
      else sendStatus(response, 200, "ready");
      return true;
    },
  };
}
