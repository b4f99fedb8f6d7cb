/**
 * One request to an upstream and its answer, with the single retry on a stale keep-alive socket and nothing else:
 * whatever has a status passes, because client libraries already retry (gateway contract 5.5).
 */
import { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import type { Connection, ConnectionList } from "./connections.ts";
import { faultOf, looksStale, type UpstreamFault } from "./faults.ts";

/** What goes up. A `Buffer` can be sent again; a stream cannot. */
export interface UpstreamRequest {
  readonly method: string;
  /** Request target of the upstream, as sent. */
  readonly path: string;
  /** Name and value in turn. */
  readonly headers: string[];
  readonly body: Buffer | Readable | undefined;
}

/** Receives the answer. After `end` or `fail` nothing more comes; after `abort` nothing comes at all. */
export interface ExchangeSink {
  /** The request is about to be sent a second time on a new connection. */
  onRetry(): void;
  onHead(status: number, statusMessage: string, rawHeaders: readonly Buffer[]): void;
  onData(chunk: Buffer): void;
  onEnd(): void;
  /** No answer, or a cut one when the head had already come. */
  onFail(fault: UpstreamFault): void;
}

/** Handle on a running exchange. */
export interface Exchange {
  /** A connection was there and took the request. */
  readonly sent: boolean;
  pause(): void;
  resume(): void;
  /** Ends the exchange at once and closes its connection: HTTP/1.1 has no other cancel. Idempotent. */
  abort(): void;
}

/** Above this size a body is handed over as a stream, because undici keeps a Buffer until the answer has ended. */
const HELD_BODY_BYTES = 64 * 1024;

function sendableBody(body: UpstreamRequest["body"]): Buffer | Readable | undefined {
  if (!Buffer.isBuffer(body) || body.length <= HELD_BODY_BYTES) return body;
  let rest: Buffer | null = body;
  return new Readable({
    read() {
      this.push(rest);
      if (rest !== null) this.push(null);
      rest = null;
    },
  });
}

class DispatchExchange implements Exchange, Dispatcher.DispatchHandler {
  readonly #connections: ConnectionList;
  readonly #sink: ExchangeSink;
  #request: UpstreamRequest | undefined;
  #connection: Connection;
  #controller: Dispatcher.DispatchController | undefined;
  /** The socket had served before when this request was written to it. */
  #onUsedSocket = false;
  #sawByte = false;
  #over = false;

  constructor(connections: ConnectionList, request: UpstreamRequest, sink: ExchangeSink) {
    this.#connections = connections;
    this.#request = request;
    this.#sink = sink;
    this.#connection = connections.take();
  }

  get sent(): boolean {
    return this.#controller !== undefined;
  }

  start(): void {
    const request = this.#request;
    if (request === undefined) return;
    this.#connection.dispatch(
      {
        method: request.method,
        path: request.path,
        headers: request.headers,
        body: sendableBody(request.body) ?? null,
      },
      this,
    );
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    if (!this.#over) this.#controller?.resume();
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#request = undefined;
    const reason = new Error("the client left");
    // Without a controller the request is still waiting for its connection; closing the client takes it along.
    this.#controller?.abort(reason);
    this.#connections.drop(this.#connection, reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#onUsedSocket = this.#connection.reused;
  }

  /** First byte of the status line; undici calls it, its types do not list it for this kind of handler. */
  onResponseStarted(): void {
    this.#sawByte = true;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    statusMessage?: string,
  ): void {
    if (this.#over || status < 200) return;
    // From here on nothing can send the body again.
    this.#request = undefined;
    const raw = controller.rawHeaders;
    // undici gives raw headers as buffers; its types know older forms as well.
    const rawHeaders = Array.isArray(raw) ? raw.filter((part) => Buffer.isBuffer(part)) : [];
    this.#sink.onHead(status, statusMessage ?? "", rawHeaders);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#over) this.#sink.onData(chunk);
  }

  onResponseEnd(): void {
    if (this.#over) return;
    this.#over = true;
    this.#connections.release(this.#connection);
    this.#sink.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.#over) return;
    this.#connections.drop(this.#connection, error);
    if (this.#maySendAgain(error)) {
      // Another client: dispatching on the failed one from inside this callback ends the process (undici 7).
      this.#connection = this.#connections.takeNew();
      this.#controller = undefined;
      this.#sink.onRetry();
      this.start();
      return;
    }
    this.#over = true;
    this.#sink.onFail(faultOf(error));
  }

  #maySendAgain(error: Error): boolean {
    const request = this.#request;
    if (request === undefined || this.#sawByte || !this.#onUsedSocket) return false;
    return (request.body === undefined || Buffer.isBuffer(request.body)) && looksStale(error);
  }
}

/** Sends `request` over one of `connections`. The sink may be called before this returns. */
export function startExchange(connections: ConnectionList, request: UpstreamRequest, sink: ExchangeSink): Exchange {
  const exchange = new DispatchExchange(connections, request, sink);
  exchange.start();
  return exchange;
}
