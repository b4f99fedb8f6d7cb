/** Clients that show exactly what came over the wire. */
import http from "node:http";
import net from "node:net";

export interface RawAnswer {
  readonly status: number;
  readonly statusMessage: string;
  readonly rawHeaders: readonly string[];
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  /** False when the answer broke off. */
  readonly complete: boolean;
  /** Milliseconds from sending to the head. */
  readonly headAfterMs: number;
  /** Arrival of each body read, milliseconds from sending. */
  readonly readsAtMs: readonly number[];
}

export interface RawRequest {
  readonly method?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  readonly agent?: http.Agent;
}

/** Binds a server to a free loopback port. */
export async function listenOnLoopback(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening on a port");
  return address.port;
}

/** Sends one request and collects everything, cut answers included. Rejects only when no head came. */
export function fetchRaw(url: string, request: RawRequest = {}): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    const sent = http.request(url, {
      method: request.method ?? (request.body === undefined ? "GET" : "POST"),
      agent: request.agent ?? new http.Agent({ keepAlive: false }),
      headers: { "content-type": "application/json", ...request.headers },
    });
    let headCame = false;
    sent.on("error", (error) => {
      // A reset after the head shows in `complete`.
      if (!headCame) reject(error);
    });
    sent.on("response", (response) => {
      headCame = true;
      const headAfterMs = performance.now() - startMs;
      const chunks: Buffer[] = [];
      const readsAtMs: number[] = [];
      response.on("data", (chunk: Buffer) => {
        readsAtMs.push(performance.now() - startMs);
        chunks.push(chunk);
      });
      response.on("error", () => undefined);
      response.on("close", () => {
        resolve({
          status: response.statusCode ?? 0,
          statusMessage: response.statusMessage ?? "",
          rawHeaders: response.rawHeaders,
          headers: response.headers,
          body: Buffer.concat(chunks),
          complete: response.complete,
          headAfterMs,
          readsAtMs,
        });
      });
    });
    sent.end(request.body);
  });
}

/** Writes bytes to a socket and gives back everything until it closes. */
export function exchangeBytes(port: number, bytes: string | Buffer): Promise<{ text: string; reset: boolean }> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    const chunks: Buffer[] = [];
    let reset = false;
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", () => {
      reset = true;
    });
    socket.on("close", () => resolve({ text: Buffer.concat(chunks).toString("latin1"), reset }));
    socket.write(bytes);
  });
}

/** Waits until `condition` holds; fails after `limitMs`. */
export async function until(condition: () => boolean, limitMs = 5_000): Promise<void> {
  const startMs = performance.now();
  while (!condition()) {
    if (performance.now() - startMs > limitMs) throw new Error(`condition not met within ${limitMs} ms`);
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
