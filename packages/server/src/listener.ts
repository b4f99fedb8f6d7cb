import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { LIMITS, MonitorError } from "@nexent/monitor-core";

/** How often a stopping listener looks for idle connections. */
const IDLE_SWEEP_MS = 50;

/** One HTTP listener with the product's limits; both the receivers and the dashboard stand on it. */
export interface Listener {
  /** Binds; resolves with the real port. @throws {PORT_IN_USE} */
  start(port: number): Promise<number>;
  readonly port: number;
  /** Stops accepting and waits for open requests; whatever is left after `graceMs` is cut. Idempotent. */
  stop(graceMs: number): Promise<void>;
}

export interface ListenerOptions {
  readonly host: string;
  /** Variable that moves this port; named in the hint. */
  readonly portVariable: string;
  readonly keepAliveMs: number;
  /** Longest time for a whole request; 0 = no limit. */
  readonly requestTimeoutMs: number;
  readonly maxConnections: number;
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
}

/** A listener that is not bound yet. Broken requests get a bare 4xx and a closed socket, never an exception. */
export function createListener(options: ListenerOptions): Listener {
  /** Answers that are not out yet. */
  const open = new Set<ServerResponse>();
  let isStopping = false;
  const server = createServer(
    {
      maxHeaderSize: LIMITS.headerBytes,
      headersTimeout: LIMITS.headerTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      keepAliveTimeout: options.keepAliveMs,
      connectionsCheckingInterval: LIMITS.connectionCheckIntervalMs,
    },
    (request, response) => {
      open.add(response);
      response.once("close", () => open.delete(response));
      if (isStopping) endWithAnswer(response);
      options.handler(request, response);
    },
  );
  server.maxHeadersCount = LIMITS.headerCount;
  server.maxConnections = options.maxConnections;
  server.on("clientError", refuseBroken);
  let port = 0;
  return {
    get port() {
      return port;
    },
    async start(wanted) {
      port = await bind(server, options, wanted);
      return port;
    },
    stop(graceMs) {
      isStopping = true;
      for (const response of open) endWithAnswer(response);
      return stopServer(server, graceMs);
    },
  };
}

/** Tells the client that its connection ends with this answer; one that never rests would be cut in mid-request. */
function endWithAnswer(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader("connection", "close");
}

/** What Node's parser refuses: 431 for too long a header, 408 for a late one, else 400. */
function refuseBroken(error: NodeJS.ErrnoException, socket: Socket): void {
  if (socket.destroyed || !socket.writable) return;
  const status =
    error.code === "HPE_HEADER_OVERFLOW"
      ? "431 Request Header Fields Too Large"
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? "408 Request Timeout"
        : "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function bind(server: Server, options: ListenerOptions, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(bindError(error, options, port));
    server.once("error", failed);
    server.listen({ host: options.host, port }, () => {
      server.off("error", failed);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

/** What a failed bind means, with the variable that moves the port. */
export function bindError(
  error: NodeJS.ErrnoException,
  options: Pick<ListenerOptions, "host" | "portVariable">,
  port: number,
): Error {
  if (error.code === "EADDRINUSE") {
    return new MonitorError("PORT_IN_USE", `port ${port} on ${options.host} is taken by another process`, {
      hint: `Stop the process that listens there, or set ${options.portVariable} to a free port.`,
      cause: error,
    });
  }
  return new MonitorError(
    "CONFIG_INVALID",
    `cannot listen on ${options.host}:${port} (${error.code ?? error.message})`,
    {
      hint: `Set LLM_MONITOR_BIND and ${options.portVariable} to an address and a port this user may open.`,
      cause: error,
    },
  );
}

function stopServer(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    // A connection turns idle when its last answer is out; nobody else would close it then.
    const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
    server.close(() => {
      clearTimeout(cut);
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
  });
}
