import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";

/** What the client sent, and when its connection closed. */
interface SeenRequest {
  readonly body: string;
  closed: boolean;
}

export interface OpenAiServer {
  readonly baseURL: string;
  readonly requests: SeenRequest[];
  close(): Promise<void>;
}

/** Answers one request. */
export type Handler = (response: ServerResponse, request: IncomingMessage) => void | Promise<void>;

/** A server on a free loopback port that answers every request with `handler`. */
export async function startOpenAiServer(handler: Handler): Promise<OpenAiServer> {
  const requests: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const seen: SeenRequest = { body: Buffer.concat(chunks).toString("utf8"), closed: false };
      response.on("close", () => (seen.closed = true));
      requests.push(seen);
      void handler(response, request);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    baseURL: `http://127.0.0.1:${port}/v1`,
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** A handler that answers with a whole body. */
export function jsonAnswer(body: object, status = 200): Handler {
  return (response) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

export function sse(value: object | "[DONE]"): string {
  return `data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`;
}

/**
 * Writes pieces at their times after the first byte of the request, then ends. A write that a busy machine delays delays
 * those after it, so the gaps between them are never shorter than asked for.
 */
export async function writeSchedule(
  response: ServerResponse,
  writes: readonly (readonly [atMs: number, text: string])[],
): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.flushHeaders();
  let writtenAtMs = 0;
  for (const [atMs, text] of writes) {
    await setTimeout(atMs - writtenAtMs);
    writtenAtMs = atMs;
    if (response.destroyed) return;
    response.write(text);
  }
  response.end();
}
