/** Paths the gateway answers itself; they are never forwarded and need no token (gateway contract 3). */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ExpositionFormat } from "@nexent/monitor-core";
import { sendExposition } from "@nexent/monitor/recorder";

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

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: string): void {
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

/** Answers `/metrics`, `/health` and `/readyz`. */
export function createOwnPaths(sources: OwnPathSources): OwnPaths {
  return {
    answer(request, response, path) {
      if (path !== "/metrics" && path !== "/health" && path !== "/readyz") return false;
      if (request.method !== "GET" && request.method !== "HEAD") {
        send(response, 405, { Allow: "GET, HEAD", "Content-Type": "application/json" }, "{}");
      } else if (path === "/metrics") sendExposition(request, response, sources.expose);
      else if (path === "/health") sendStatus(response, 200, "ok");
      else if (sources.draining()) sendStatus(response, 503, "draining");
      else sendStatus(response, 200, "ready");
      return true;
    },
  };
}
