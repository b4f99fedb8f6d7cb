/** Paths the gateway answers itself; they are never forwarded (gateway contract 3). */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ExpositionFormat } from "@nexent/monitor-core";
import { sendExposition } from "@nexent/monitor/recorder";
import type { InFlightView } from "../in-flight.ts";
import type { ReadAccess } from "./read-access.ts";

/** What the own paths show. */
export interface OwnPaths {
  /** True when the request was one of ours and is being answered. */
  answer(request: IncomingMessage, response: ServerResponse, path: string): boolean;
}

/** Why requests are refused at the moment. */
export type UnreadyReason = "draining" | "open_requests_limit";

/** Where the answers come from. */
export interface OwnPathSources {
  /** Collects what `/metrics` shows; rejects when that cannot be had. */
  readonly collectMetrics: () => Promise<(format: ExpositionFormat) => string>;
  /** Rejects when that cannot be had. */
  readonly collectInFlight: () => Promise<InFlightView>;
  readonly access: ReadAccess;
  /** Empty when requests are taken. */
  readonly unreadyReasons: () => readonly UnreadyReason[];
}

const JSON_TYPE = { "Content-Type": "application/json" } as const;

/** Nobody's document, never kept, and no part of a page (reliability contract 7.5). */
const COMMON = {
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
} as const;

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: string): void {
  if (response.destroyed) return;
  response.writeHead(status, { "Content-Length": Buffer.byteLength(body), ...COMMON, ...headers });
  response.end(body);
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  send(response, status, JSON_TYPE, JSON.stringify(value));
}

function sendReadiness(response: ServerResponse, reasons: readonly UnreadyReason[]): void {
  if (reasons.length === 0) sendJson(response, 200, { status: "ready" });
  else sendJson(response, 503, { status: reasons.includes("draining") ? "draining" : "overloaded", reasons });
}

type Answer = (request: IncomingMessage, response: ServerResponse, sources: OwnPathSources) => void;

/** Answers a reader once what it asked for is collected; `collect` is not called for one who may not read. */
function sendCollected<T>(
  response: ServerResponse,
  mayRead: boolean,
  collect: () => Promise<T>,
  answer: (collected: T) => void,
): void {
  if (mayRead) collect().then(answer, () => sendJson(response, 503, { status: "not to be had now" }));
  else sendJson(response, 401, { status: "a read token is needed" });
}

const ANSWERS: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  ["/health", (_request, response) => sendJson(response, 200, { status: "ok" })],
  ["/readyz", (_request, response, { unreadyReasons }) => sendReadiness(response, unreadyReasons())],
  [
    "/metrics",
    (request, response, { access, collectMetrics }) =>
      sendCollected(response, access.mayScrape(request), collectMetrics, (expose) =>
        sendExposition(request, response, expose),
      ),
  ],
  [
    "/inflight",
    (request, response, { access, collectInFlight }) =>
      sendCollected(response, access.mayLook(request), collectInFlight, (view) => sendJson(response, 200, view)),
  ],
]);

/** Answers `/metrics`, `/health`, `/readyz` and `/inflight`. */
export function createOwnPaths(sources: OwnPathSources): OwnPaths {
  return {
    answer(request, response, path) {
      const answer = ANSWERS.get(path);
      if (answer === undefined) return false;
      if (request.method === "GET" || request.method === "HEAD") answer(request, response, sources);
      else send(response, 405, { ...JSON_TYPE, Allow: "GET, HEAD" }, "{}");
      return true;
    },
  };
}
