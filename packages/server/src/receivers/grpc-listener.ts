import {
  constants,
  createServer as createHttp2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { LIMITS } from "@nexent/monitor-core";
import type { Clock } from "../clock.ts";
import { bindError, type Listener } from "../listener.ts";

export interface GrpcListenerOptions {
  readonly host: string;
  /** Variable that moves this port; named in the hint. */
  readonly portVariable: string;
  readonly clock: Clock;
  /** One call; it must not throw. */
  readonly onCall: (call: GrpcCall) => void;
  /** A connection that was cut: HTTP/1, or a client that resets its calls without end. */
  readonly onBadPeer: (detail: string) => void;
}

/** One call as it arrives. */
export interface GrpcCall {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  /** Names and values as sent, repeats included. */
  readonly rawHeaders: readonly string[];
}

/** What an HTTP/2 client sends first. */
const PREFACE = "PRI ";
const CONNECTION_WINDOW_BYTES = 4 * 1024 * 1024;
const STREAM_WINDOW_BYTES = 1024 * 1024;
const HTTP1_ANSWER =
  "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" +
  "This port speaks gRPC; OTLP over HTTP has its own.\n";

/** An HTTP/2 listener in the clear, as gRPC uses it, with the limits of the product; calls are all it hands on. */
export function createGrpcListener(options: GrpcListenerOptions): Listener {
  const sessions = new Set<Http2Session>();
  /** Connections that have not said anything yet. */
  const silent = new Set<Socket>();
  const http2 = createHttp2Server({
    maxSessionMemory: LIMITS.grpcSessionMegabytes,
    settings: {
      enablePush: false,
      maxConcurrentStreams: LIMITS.grpcStreams,
      initialWindowSize: STREAM_WINDOW_BYTES,
      maxHeaderListSize: LIMITS.headerBytes,
    },
    maxHeaderListPairs: LIMITS.headerCount,
  });
  // Broken frames end their connection; nobody else is concerned.
  http2.on("sessionError", () => undefined);
  http2.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    session.once("connect", () => session.setLocalWindowSize(CONNECTION_WINDOW_BYTES));
    session.setTimeout(LIMITS.keepAliveIngestMs, () => session.close());
    watchResets(session, options);
  });
  const onStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw?: string[]): void => {
    // A reset by the client comes as an error; `close` tells the same.
    stream.on("error", () => undefined);
    if (!stream.aborted) options.onCall({ stream, headers, rawHeaders: raw ?? [] });
  };
  http2.on("stream", onStream);
  const server = createServer((socket) => {
    silent.add(socket);
    admit(socket, () => silent.delete(socket), http2, options);
  });
  server.maxConnections = LIMITS.ingestConnections;
  let port = 0;
  return {
    get port() {
      return port;
    },
    start: (wanted) =>
      new Promise((resolve, reject) => {
        const failed = (error: NodeJS.ErrnoException): void => reject(bindError(error, options, wanted));
        server.once("error", failed);
        server.listen({ host: options.host, port: wanted }, () => {
          server.off("error", failed);
          ({ port } = server.address() as AddressInfo);
          resolve(port);
        });
      }),
    stop: (graceMs) =>
      new Promise((resolve) => {
        if (!server.listening) return resolve();
        const cut = setTimeout(() => sessions.forEach((session) => session.destroy()), graceMs);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        for (const socket of silent) socket.destroy();
        for (const session of sessions) session.close();
      }),
  };
}

/** Lets HTTP/2 in; HTTP/1 gets a line it can show, a connection that asks for nothing is cut. */
function admit(
  socket: Socket,
  onHeard: () => void,
  http2: ReturnType<typeof createHttp2Server>,
  { onBadPeer }: GrpcListenerOptions,
): void {
  const heard = (): void => {
    clearTimeout(silence);
    onHeard();
  };
  const silence = setTimeout(() => socket.destroy(), LIMITS.headerTimeoutMs);
  socket.once("close", heard);
  socket.on("error", () => undefined);
  socket.once("data", (chunk: Buffer) => {
    heard();
    socket.pause();
    if (chunk.toString("latin1", 0, PREFACE.length) === PREFACE.slice(0, chunk.length)) {
      socket.unshift(chunk);
      http2.emit("connection", socket);
      return;
    }
    onBadPeer("HTTP/1 on the gRPC port");
    socket.end(HTTP1_ANSWER);
    socket.resume();
    setTimeout(() => socket.destroy(), LIMITS.connectionCheckIntervalMs).unref();
  });
}

/** A client that opens calls only to reset them is cut (CVE-2023-44487); so is one that opens none. */
function watchResets(session: Http2Session, { clock, onBadPeer }: GrpcListenerOptions): void {
  let resets = 0;
  let since = clock.monotonicMs();
  const idle = setTimeout(() => session.close(), LIMITS.headerTimeoutMs);
  session.once("close", () => clearTimeout(idle));
  const count = (): void => {
    const now = clock.monotonicMs();
    if (now - since > 1_000) [resets, since] = [0, now];
    resets++;
    if (resets !== LIMITS.grpcResetsPerSecond) return;
    onBadPeer("too many reset calls");
    session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    session.destroy();
  };
  session.on("stream", (stream: ServerHttp2Stream) => {
    clearTimeout(idle);
    // A reset in the same read as its call is over before anybody could listen.
    if (stream.aborted) count();
    else stream.once("aborted", count);
  });
}
