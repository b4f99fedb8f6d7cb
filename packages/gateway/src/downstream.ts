/** The client's side of one relayed answer: head at once, bytes as they are, and an honest end. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RelayedHead } from "./upstream/headers.ts";

/** Writes one relayed answer. */
export interface Downstream {
  /** Writes and flushes the head. @throws what Node throws for a header it refuses to send; nothing was sent then. */
  head(head: RelayedHead): void;
  /** Writes bytes; false when the client does not keep up and the caller should pause until `onDrain`. */
  write(chunk: Buffer): boolean;
  /** A complete answer. */
  end(): void;
  /** An incomplete answer: what was written is delivered, then the connection is broken, never ended. */
  cut(): void;
}

/** Wraps `response`. `onDrain` is called whenever a full buffer has emptied. */
export function createDownstream(request: IncomingMessage, response: ServerResponse, onDrain: () => void): Downstream {
  const oldClient = request.httpVersionMajor === 1 && request.httpVersionMinor === 0;

  function breakOff(): void {
    // To an HTTP/1.0 client a close is a clean end; only a reset tells it that bytes are missing.
    if (oldClient && response.socket !== null) response.socket.resetAndDestroy();
    response.destroy();
  }

  response.on("drain", onDrain);
  return {
    head(head) {
      response.sendDate = false;
      response.writeHead(head.status, head.statusMessage, head.headers);
      // Node would hold the head until the first chunk: a whole TTFT late.
      response.flushHeaders();
    },
    write: (chunk) => response.write(chunk),
    end() {
      response.end();
    },
    cut() {
      if (response.destroyed) return;
      // The callback comes after everything before it has reached the kernel.
      response.write("", breakOff);
    },
  };
}
