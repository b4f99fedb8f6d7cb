/** A provider that plays recorded answers, and what our two readers make of one: bytes, and chunks a client parsed. */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setImmediate } from "node:timers/promises";
import {
  createTokenClock,
  emptyStreamEvent,
  llmRouteOf,
  type LlmRoute,
  type Provider,
  type ResponseReading,
  type StreamEvent,
  type TokenClock,
  type TokenTimings,
} from "@nexent/monitor-core";

/** One answer: `body` is sent in pieces of `pieceBytes`. */
export interface PlayedAnswer {
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly pieceBytes: number;
  readonly status?: number;
}

/** What a client asked for. */
export interface AskedRequest {
  readonly route: LlmRoute | undefined;
  readonly body: unknown;
}

/** A server on 127.0.0.1 that gives `answer` to every request. */
export interface PlayingServer {
  readonly origin: string;
  readonly asked: readonly AskedRequest[];
  answer: PlayedAnswer;
  close(): Promise<void>;
}

/** Bytes of a recorded answer of core. */
export function recorded(file: string): Uint8Array {
  return readFileSync(new URL(`../../packages/core/src/providers/fixtures/${file}`, import.meta.url));
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

async function play(response: ServerResponse, { contentType, body, pieceBytes, status }: PlayedAnswer): Promise<void> {
  response.writeHead(status ?? 200, { "content-type": contentType });
  for (let at = 0; at < body.length; at += pieceBytes) {
    response.write(body.subarray(at, at + pieceBytes));
    await setImmediate();
  }
  response.end();
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return `http://127.0.0.1:${address.port}`;
}

/** Starts a server that plays `answer`. */
export async function startPlayingServer(answer: PlayedAnswer): Promise<PlayingServer> {
  const asked: AskedRequest[] = [];
  const playing = { answer };
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { pathname, search } = new URL(request.url ?? "", "http://host");
      asked.push({ route: llmRouteOf(request.method ?? "", pathname, search), body });
      return play(response, playing.answer);
    });
  });
  const origin = await listen(server);
  return {
    origin,
    asked,
    get answer() {
      return playing.answer;
    },
    set answer(next) {
      playing.answer = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What the clock made of one answer whose chunks came 20 ms apart. */
export interface ClockResult {
  readonly timings: TokenTimings;
  readonly serverTimings: TokenClock["serverTimings"];
  readonly fault: TokenClock["fault"];
}

const CHUNK_MICROS = 20_000;

function clockResult(events: readonly StreamEvent[]): ClockResult {
  const clock = createTokenClock();
  events.forEach((event, i) => clock.record(event, 500_000 + i * CHUNK_MICROS));
  const outcome = clock.sawNormalEnd && clock.fault === undefined ? "ok" : "error";
  const endMicros = 500_000 + events.length * CHUNK_MICROS;
  return {
    timings: clock.finish({ outcome, streaming: true, endMicros }),
    serverTimings: clock.serverTimings,
    fault: clock.fault,
  };
}

/** The clock over what the byte parser reads from a body that comes in pieces. */
export function clockOfBytes(provider: Provider, { body, pieceBytes }: PlayedAnswer): ClockResult {
  const events: StreamEvent[] = [];
  const parser = provider.createStreamParser();
  const keep = (event: StreamEvent): void => {
    if (event.type !== "done") events.push({ ...event });
  };
  for (let at = 0; at < body.length; at += pieceBytes) parser.push(body.subarray(at, at + pieceBytes), keep);
  parser.end(keep);
  return clockResult(events);
}

/** The clock over chunks that a client has parsed; a value that is no chunk throws. */
export function clockOfChunks(provider: Provider, chunks: readonly unknown[]): ClockResult {
  return clockResult(
    chunks.map((chunk) => {
      const event = emptyStreamEvent();
      if (!provider.readChunk(chunk, event)) throw new Error(`no chunk of ${provider.format}`);
      return event;
    }),
  );
}

/** Reads a whole answer as it came and as the client gives it; both must say the same. */
export function readBoth(
  provider: Provider,
  body: Uint8Array,
  parsed: unknown,
): readonly [bytes: ResponseReading | undefined, client: ResponseReading | undefined] {
  return [provider.readResponse(JSON.parse(new TextDecoder().decode(body))), provider.readResponse(parsed)];
}

/** All elements of a stream, and what it threw, if it did. */
export async function collect<T>(stream: AsyncIterable<T>): Promise<{ readonly chunks: T[]; readonly error: unknown }> {
  const chunks: T[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk);
    return { chunks, error: undefined };
  } catch (error) {
    return { chunks, error };
  }
}
