import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { LIMITS, negotiateExposition, type ExpositionFormat } from "@nexent/monitor-core";

export interface MetricsListenerOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly expose: (format: ExpositionFormat) => string;
  /** Hears, in a sentence, that there is no listener. */
  readonly onProblem: (message: string) => void;
}

/** A listener for scrapes. */
export interface MetricsListener {
  close(): void;
}

function answer(request: IncomingMessage, response: ServerResponse, expose: MetricsListenerOptions["expose"]): void {
  const [path] = (request.url ?? "").split("?", 1);
  const read = request.method === "GET" || request.method === "HEAD";
  if (path !== "/metrics" || !read) {
    response.writeHead(path === "/metrics" ? 405 : 404).end();
    return;
  }
  const { format, contentType } = negotiateExposition(request.headers.accept);
  response.writeHead(200, { "content-type": contentType, "cache-control": "no-store", vary: "accept" });
  response.end(expose(format));
}

/** Serves `/metrics` on a port of its own, in our exposition. It keeps no process alive, and a taken port is told once. */
export function startMetricsListener({ host, port, expose, onProblem }: MetricsListenerOptions): MetricsListener {
  const server = createServer({ maxHeaderSize: LIMITS.headerBytes }, (request, response) =>
    answer(request, response, expose),
  );
  server.headersTimeout = LIMITS.headerTimeoutMs;
  server.keepAliveTimeout = LIMITS.keepAliveOtherMs;
  server.maxConnections = LIMITS.dashboardConnections;
  // A scraper that stays connected must not keep the host from ending.
  server.on("connection", (socket) => socket.unref());
  server.on("error", (error: NodeJS.ErrnoException) =>
    onProblem(`no listener for metrics on ${host}:${port}: ${error.code ?? error.name}`),
  );
  server.listen({ host, port });
  server.unref();
  return {
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
