/**
 * Unary gRPC over the HTTP/2 of Node. Not grpc-js: its open call keeps the process alive until the deadline, against a
 * receiver that never answers even past a shutdown (measured: 10 s), and that is what an export must never do.
 */
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { LIMITS } from "@nexent/monitor-core";
import { gzipAsync } from "./gzip.ts";
import { retryDelayMs, statusOutcome } from "./grpc-status.ts";
import { readProtobufAnswer } from "./otlp-answer.ts";
import { failureOf, refusalOf, retryable, type SendOutcome, type Transport } from "./transport.ts";

export interface GrpcTransportOptions {
  /** `http:` and `grpc:` are in the clear, `https:` and `grpcs:` are TLS; a path is not used. */
  readonly url: string;
  /** Full name of the method, with a leading slash. */
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly gzip: boolean;
}

/** A compressed flag and the length in front of every message. */
const PREFIX_BYTES = 5;

function framed(message: Uint8Array, compressed: boolean): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.byteLength);
  frame[0] = compressed ? 1 : 0;
  frame.writeUInt32BE(message.byteLength, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/** The first message of an answer; empty when it is compressed, which we did not offer, or not there. */
function unframed(body: Buffer): Uint8Array {
  if (body.length < PREFIX_BYTES || body[0] !== 0) return new Uint8Array();
  return body.subarray(PREFIX_BYTES, PREFIX_BYTES + body.readUInt32BE(1));
}

function originOf(text: string): string {
  const url = new URL(text.replace(/^grpc/, "http"));
  return `${url.protocol}//${url.host}`;
}

/** Collects what one call is answered with; a flood is cut. */
function outcomeOf(stream: ClientHttp2Stream, signal: AbortSignal): Promise<SendOutcome> {
  return new Promise((resolve) => {
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    let failure: unknown;
    const chunks: Buffer[] = [];
    let bytes = 0;
    stream.on("response", (received) => (headers = received));
    stream.on("trailers", (received) => (trailers = received));
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= LIMITS.exporterAnswerBytes) chunks.push(chunk);
      else stream.destroy(new Error("the answer is too long"));
    });
    stream.on("error", (error) => (failure = error));
    stream.on("close", () => {
      // An answer without a body carries the status in its headers.
      const ended = trailers["grpc-status"] === undefined ? headers : trailers;
      const code = ended["grpc-status"];
      if (code === "0") resolve(readProtobufAnswer(unframed(Buffer.concat(chunks))));
      else if (code !== undefined) resolve(statusOutcome(Number(code), retryDelayMs(ended["grpc-status-details-bin"])));
      else if (signal.aborted) resolve(retryable(failureOf(signal.reason)));
      else resolve(withoutStatus(Number(headers[":status"] ?? 0), failure));
    });
  });
}

function withoutStatus(httpStatus: number, failure: unknown): SendOutcome {
  if (httpStatus !== 0 && httpStatus !== 200) return refusalOf(httpStatus, undefined);
  return retryable(failure === undefined ? "closed without a status" : failureOf(failure));
}

class GrpcTransport implements Transport {
  readonly #options: GrpcTransportOptions;
  #session: ClientHttp2Session | undefined;
  #closed = false;

  constructor(options: GrpcTransportOptions) {
    this.#options = options;
  }

  async send(body: Uint8Array, signal: AbortSignal): Promise<SendOutcome> {
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#options.timeoutMs)]);
      const compressed = this.#options.gzip;
      const frame = framed(compressed ? await gzipAsync(body) : body, compressed);
      const session = await this.#connected();
      const outcome = await this.#call(session, frame, limit);
      // A connection that did not answer in time may be dead without saying so.
      if (limit.aborted) this.#drop(session);
      return outcome;
    } catch (error) {
      // A header HTTP/2 refuses to carry, for instance: trying again cannot help.
      return { status: "refused", reason: failureOf(error) };
    }
  }

  close(): void {
    this.#closed = true;
    if (this.#session !== undefined) this.#drop(this.#session);
  }

  #call(session: ClientHttp2Session, frame: Buffer, signal: AbortSignal): Promise<SendOutcome> {
    const { method, headers, timeoutMs, gzip: compressed } = this.#options;
    const stream = session.request(
      {
        ...headers,
        ":method": "POST",
        ":path": method,
        "content-type": "application/grpc",
        te: "trailers",
        "grpc-timeout": `${Math.min(Math.ceil(timeoutMs), 99_999_999)}m`,
        ...(compressed && { "grpc-encoding": "gzip" }),
      },
      { signal },
    );
    const outcome = outcomeOf(stream, signal);
    stream.end(frame);
    return outcome;
  }

  async #connected(): Promise<ClientHttp2Session> {
    if (this.#session !== undefined && !this.#session.closed && !this.#session.destroyed) return this.#session;
    // Loaded at the first call: most destinations never need it.
    const { connect } = await import("node:http2");
    const session = connect(originOf(this.#options.url), { settings: { enablePush: false } });
    const forget = (): void => {
      if (this.#session === session) this.#session = undefined;
    };
    // The open call hears of it too and reports it; without a listener it would end the process.
    session.on("error", forget);
    session.on("close", forget);
    session.on("goaway", forget);
    session.unref();
    if (this.#closed) this.#drop(session);
    else this.#session = session;
    return session;
  }

  #drop(session: ClientHttp2Session): void {
    if (this.#session === session) this.#session = undefined;
    session.destroy();
  }
}

/** A transport for one unary method. It never keeps the host process alive. */
export function createGrpcTransport(options: GrpcTransportOptions): Transport {
  return new GrpcTransport(options);
}
