/** A listener for scrapes: `/metrics` on a port of its own. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { hostNameOf, isLoopbackName, LIMITS, type ExpositionFormat } from "@nexent/monitor-core";
import { answerMetrics, sendStatus } from "./metrics-answer.ts";

type Expose = (format: ExpositionFormat) => string;

/** A page that points its own name at loopback must not read the metrics of this machine. */
function isMisdirected(request: IncomingMessage, host: string): boolean {
  const asked = request.headers.host;
  return isLoopbackName(host) && asked !== undefined && !isLoopbackName(hostNameOf(asked));
}

function answer(request: IncomingMessage, response: ServerResponse, host: string, expose: Expose): void {
  const [path] = (request.url ?? "").split("?", 1);
  if (isMisdirected(request, host)) sendStatus(response, 421);
  else if (path === "/metrics") answerMetrics(request, response, expose);
  else sendStatus(response, 404);
}

/** A server that is not listening yet. It keeps no process alive once it is `unref`'d. @param host what it will bind. */
export function createMetricsListener(host: string, expose: Expose): Server {
  // Loaded here: an application that opens no listener must not pay for it at its start.
  const { createServer } = process.getBuiltinModule("node:http");
  const server = createServer({ maxHeaderSize: LIMITS.headerBytes }, (request, response) =>
    answer(request, response, host, expose),
  );
  server.headersTimeout = LIMITS.headerTimeoutMs;
  server.keepAliveTimeout = LIMITS.keepAliveOtherMs;
  server.maxConnections = LIMITS.dashboardConnections;
  // A scraper that stays connected must not keep the host from ending.
  server.on("connection", (socket) => socket.unref());
  return server;
}
