/**
 * One line per request, for operators: method, route pattern, upstream, status, times and bytes. Never a path as it came,
 * a query, a header, a body or a model name: any of them may hold a key or a prompt.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import type { ErrorCode } from "@nexent/monitor-core";

/** Fields of one line; absent = not known. */
export interface AccessLine {
  readonly event: "request";
  /** A method of HTTP, else `_OTHER`. */
  readonly method: string;
  /** Pattern, e.g. `/v1/chat/completions`; absent when no upstream was found. */
  readonly route?: string;
  readonly upstream?: string;
  /** Absent when the client left before a head was sent. */
  readonly status?: number;
  /** Code of the gateway's own answer. */
  readonly error?: ErrorCode;
  /** The whole answer was handed to the network; false: one side broke it off. */
  readonly complete: boolean;
  readonly duration_ms: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly trace_id?: string;
}

/** What is known of a request when it has been routed. */
export interface AccessFacts {
  readonly route?: string | undefined;
  readonly upstream?: string | undefined;
  readonly traceId?: string | undefined;
}

/** The line of one request that is being served. */
export interface AccessEntry {
  routed(facts: AccessFacts): void;
  /** The gateway answers itself. */
  refused(code: ErrorCode): void;
}

/** Writes lines. */
export interface AccessLog {
  /** Follows a request to its end; a line is written when its response is closed. */
  open(request: IncomingMessage, response: ServerResponse): AccessEntry;
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "QUERY"]);
const NO_ENTRY: AccessEntry = { routed: () => undefined, refused: () => undefined };

/** The log when it is off. */
export const NO_ACCESS_LOG: AccessLog = { open: () => NO_ENTRY };

/** Bytes of a connection up to now. */
interface Traffic {
  readonly read: number;
  readonly written: number;
}

function trafficOf({ bytesRead, bytesWritten }: Socket): Traffic {
  return { read: bytesRead, written: bytesWritten };
}

/** A log that hands each line to `write`. */
export function createAccessLog(write: (line: AccessLine) => void): AccessLog {
  /** Several requests follow each other on one connection; this is what the earlier ones took. */
  const earlier = new WeakMap<Socket, Traffic>();
  return {
    open(request, response) {
      const { socket } = request;
      const startMs = performance.now();
      let facts: AccessFacts = {};
      let error: ErrorCode | undefined;
      response.once("close", () => {
        const method = request.method ?? "";
        const { route, upstream, traceId } = facts;
        const before = earlier.get(socket) ?? { read: 0, written: 0 };
        const now = trafficOf(socket);
        earlier.set(socket, now);
        write({
          event: "request",
          method: METHODS.has(method) ? method : "_OTHER",
          ...(route !== undefined && { route }),
          ...(upstream !== undefined && { upstream }),
          ...(response.headersSent && { status: response.statusCode }),
          ...(error !== undefined && { error }),
          complete: response.writableFinished,
          duration_ms: Math.round((performance.now() - startMs) * 1000) / 1000,
          bytes_in: now.read - before.read,
          bytes_out: now.written - before.written,
          ...(traceId !== undefined && { trace_id: traceId }),
        });
      });
      return { routed: (known) => (facts = known), refused: (code) => (error = code) };
    },
  };
}
