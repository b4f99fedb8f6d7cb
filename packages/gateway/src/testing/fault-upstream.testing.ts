/** A real HTTP server that misbehaves on request: the test says what it does with each request it gets. */
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { listenOnLoopback } from "./raw-client.testing.ts";

/** A request as it arrived. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  /** Monotonic milliseconds at which the connection was lost before the answer was complete. */
  readonly lostAtMs: () => number | undefined;
  /** Bytes of the answer that its connection has taken so far. */
  readonly bytesTaken: () => number;
  /** Number of this request, from 1. */
  readonly number: number;
}

export type UpstreamScript = (request: SeenRequest, response: ServerResponse) => void;

export interface FaultUpstream {
  readonly origin: string;
  readonly port: number;
  readonly requests: SeenRequest[];
  /** Connections accepted so far. */
  readonly connectionCount: number;
  /** What happens with the next requests. */
  play(script: UpstreamScript): void;
  close(): Promise<void>;
}

/** Starts the upstream on a free loopback port; unscripted requests get an empty 200. */
export async function startFaultUpstream(options: http.ServerOptions = {}): Promise<FaultUpstream> {
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  let connectionCount = 0;
  let script: UpstreamScript = (_request, response) => response.end();

  const server = http.createServer(options, (request, response) => {
    const chunks: Buffer[] = [];
    const writtenBefore = request.socket.bytesWritten;
    let bytesTaken = 0;
    let lostAtMs: number | undefined;
    response.on("close", () => {
      if (!response.writableFinished) lostAtMs = performance.now();
    });
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const seen: SeenRequest = {
        method: request.method ?? "",
        url: request.url ?? "",
        rawHeaders: request.rawHeaders,
        headers: request.headers,
        body: Buffer.concat(chunks),
        lostAtMs: () => lostAtMs,
        bytesTaken() {
          const { destroyed, bytesWritten, writableLength } = request.socket;
          // A destroyed socket has forgotten what it wrote.
          if (!destroyed) bytesTaken = bytesWritten - writableLength - writtenBefore;
          return bytesTaken;
        },
        number: requests.length + 1,
      };
      requests.push(seen);
      script(seen, response);
    });
  });
  server.on("connection", (socket) => {
    connectionCount += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  });
  const port = await listenOnLoopback(server);
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    requests,
    get connectionCount() {
      return connectionCount;
    },
    play(next) {
      script = next;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

/** Answers with a stream of events, one write each. */
export function sse(response: ServerResponse, events: readonly string[], headers: http.OutgoingHttpHeaders = {}): void {
  response.writeHead(200, { "Content-Type": "text/event-stream", ...headers });
  for (const event of events) response.write(event);
  response.end();
}

/** A chat completion chunk as OpenAI sends it. */
export function chunkEvent(delta: object, extra: object = {}, finish: string | null = null): string {
  const value = {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "gpt-test-2026",
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    ...extra,
  };
  return `data: ${JSON.stringify(value)}\n\n`;
}

/** The event that a usage request adds at the end of a stream. */
export function usageEvent(input: number, output: number): string {
  const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
  const value = {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "gpt-test-2026",
    choices: [],
    usage,
  };
  return `data: ${JSON.stringify(value)}\n\n`;
}

export const DONE_EVENT = "data: [DONE]\n\n";
