/** Reads request bodies: whole when a decision needs them and they are small enough, otherwise streamed through. */
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { LIMITS } from "@nexent/monitor-core";

/** Bytes of buffered request bodies, all requests together. */
export interface BodyBudget {
  /** False when the bound is reached; nothing was taken then. */
  take(bytes: number): boolean;
  give(bytes: number): void;
  readonly usedBytes: number;
}

/** A budget of `limitBytes` (default 256 MiB). */
export function createBodyBudget(limitBytes: number = LIMITS.gatewayBufferedTotalBytes): BodyBudget {
  let usedBytes = 0;
  return {
    take(bytes) {
      if (usedBytes + bytes > limitBytes) return false;
      usedBytes += bytes;
      return true;
    },
    give(bytes) {
      usedBytes -= bytes;
    },
    get usedBytes() {
      return usedBytes;
    },
  };
}

/** What became of reading a body. `whole` still holds its bytes in the budget: the caller gives them back. */
export type BodyOutcome =
  | { readonly kind: "whole"; readonly body: Buffer }
  | { readonly kind: "stream"; readonly body: Readable }
  | { readonly kind: "overloaded" };

/** Whether the message announces a body at all. */
export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers["content-length"];
  return request.headers["transfer-encoding"] !== undefined || (length !== undefined && Number(length) > 0);
}

/** Declared length in bytes; undefined for chunked bodies. */
export function declaredLength(request: IncomingMessage): number | undefined {
  const length = request.headers["content-length"];
  return length === undefined ? undefined : Number(length);
}

/** Limits of one body. */
export interface BodyLimits {
  /** Largest body that is held as a whole; default 8 MiB. */
  readonly bufferedBytes?: number;
  /** Largest streamed body; default 1 GiB. */
  readonly streamedBytes?: number;
  /** Silence between two reads after which the connection is closed; default 60 s. */
  readonly idleMs?: number;
}

/**
 * Collects a body up to the limit; a larger one becomes a stream that begins with what was collected. `done` is not
 * called when the client leaves before the end.
 */
export function readBody(
  request: IncomingMessage,
  budget: BodyBudget,
  limits: BodyLimits,
  done: (outcome: BodyOutcome) => void,
): void {
  const limit = limits.bufferedBytes ?? LIMITS.gatewayBufferedBodyBytes;
  const declared = declaredLength(request);
  if (declared !== undefined && declared > limit) {
    done({ kind: "stream", body: streamBody(request, limits) });
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  const idleMs = limits.idleMs ?? LIMITS.gatewayClientHeaderTimeoutMs;
  request.setTimeout(idleMs);

  function stop(): void {
    request.off("data", onData);
    request.off("end", onEnd);
    request.off("close", onClose);
    request.setTimeout(0);
  }
  function onData(chunk: Buffer): void {
    chunks.push(chunk);
    if (!budget.take(chunk.length)) {
      budget.give(size);
      stop();
      done({ kind: "overloaded" });
      return;
    }
    size += chunk.length;
    if (size <= limit) return;
    budget.give(size);
    stop();
    request.pause();
    done({ kind: "stream", body: streamBody(request, limits, chunks) });
  }
  function onEnd(): void {
    stop();
    done({ kind: "whole", body: chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks, size) });
  }
  function onClose(): void {
    budget.give(size);
    stop();
  }
  request.on("data", onData);
  request.on("end", onEnd);
  request.on("close", onClose);
}

/**
 * A body as a stream with backpressure. Destroying it leaves the request alone, so that an answer can still be sent;
 * a client that leaves destroys it.
 */
export function streamBody(request: IncomingMessage, limits: BodyLimits, collected: readonly Buffer[] = []): Readable {
  const limit = limits.streamedBytes ?? LIMITS.gatewayStreamedBodyBytes;
  const idleMs = limits.idleMs ?? LIMITS.gatewayClientHeaderTimeoutMs;
  let size = 0;
  const body = new Readable({
    highWaterMark: 64 * 1024,
    read() {
      // The timer runs only while we want to read: a slow upstream is not the client's silence.
      if (!request.complete) request.setTimeout(idleMs);
      request.resume();
    },
    destroy(error, callback) {
      request.off("data", onData);
      request.off("end", onEnd);
      request.off("close", onClose);
      request.setTimeout(0);
      // What the client still sends is read and thrown away, or the connection could not carry its next request.
      request.resume();
      callback(error);
    },
  });
  // Errors reach whoever sends the body through the stream itself; unheard they would end the process.
  body.on("error", () => undefined);
  function push(chunk: Buffer): void {
    size += chunk.length;
    if (size > limit) {
      body.destroy(new Error("request body too large"));
      request.destroy();
      return;
    }
    if (body.push(chunk)) return;
    request.setTimeout(0);
    request.pause();
  }
  function onData(chunk: Buffer): void {
    push(chunk);
  }
  function onEnd(): void {
    request.setTimeout(0);
    body.push(null);
  }
  function onClose(): void {
    if (!request.complete) body.destroy(new Error("the client left"));
  }
  request.on("data", onData);
  request.on("end", onEnd);
  request.on("close", onClose);
  for (const chunk of collected) push(chunk);
  return body;
}
