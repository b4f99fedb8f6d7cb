/** An upstream whose model name selects how it behaves, so that one running gateway meets every fault. */
import type { ServerResponse } from "node:http";
import { brotliCompressSync, constants, createGzip, gzipSync } from "node:zlib";
import {
  chunkEvent,
  DONE_EVENT,
  sse,
  usageEvent,
  type FaultUpstream,
  type SeenRequest,
  type UpstreamScript,
} from "../../../packages/gateway/src/testing/fault-upstream.testing.ts";

export const EVENT_STREAM = { "Content-Type": "text/event-stream; charset=utf-8" };
/** Size of the one frame of `big-frame`. */
export const BIG_FRAME_BYTES = 3 * 1024 * 1024;
/** Bytes that `firehose` sends, as fast as they are taken. */
export const FIREHOSE_BYTES = 64 * 1024 * 1024;
/** Silence of `late-head` before its head and of `long-silence` in mid-stream: longer than idle sockets live. */
export const LONG_SILENCE_MS = 6_000;

const WORDS = ["Hello", ", ", "na\u00efve ", "w\u00f6rld \u65e5\u672c ", "\ud83d\ude00 ", 'quoted "x" \\ back'];

const askedForUsage = (request: SeenRequest): boolean => request.body.includes('"include_usage":true');

/** A whole chat stream around these chunks, with usage exactly when it was asked for. */
function conversation(request: SeenRequest, deltas: readonly object[], finish = "stop"): string[] {
  const asked = askedForUsage(request);
  const extra = asked ? { usage: null } : {};
  return [
    chunkEvent({ role: "assistant", content: "" }, extra),
    ...deltas.map((delta) => chunkEvent(delta, extra)),
    chunkEvent({}, extra, finish),
    ...(asked ? [usageEvent(7, deltas.length)] : []),
    DONE_EVENT,
  ];
}

export const textEvents = (request: SeenRequest): string[] =>
  conversation(
    request,
    WORDS.map((content) => ({ content })),
  );

/** Two tool calls side by side; an escape is split between two deltas. */
function toolEvents(request: SeenRequest): string[] {
  const tool = (index: number, fields: object): object => ({ tool_calls: [{ index, ...fields }] });
  const deltas = [
    tool(0, { id: "call_a", type: "function", function: { name: "search", arguments: "" } }),
    tool(1, { id: "call_b", type: "function", function: { name: "count", arguments: "" } }),
    tool(0, { function: { arguments: '{"q":"\\u00' } }),
    tool(1, { function: { arguments: '{"n":' } }),
    tool(0, { function: { arguments: 'e9 \\"x\\""}' } }),
    tool(1, { function: { arguments: "1}" } }),
  ];
  return conversation(request, deltas, "tool_calls");
}

/** Writes piece by piece, `gapMs` apart; 0 = as fast as the loop turns. */
function paced(
  response: ServerResponse,
  pieces: readonly (string | Uint8Array)[],
  gapMs: number,
  end: () => void,
): void {
  let at = 0;
  const next = (): void => {
    const piece = pieces[at];
    at += 1;
    if (response.destroyed) return;
    if (piece === undefined) {
      end();
      return;
    }
    response.write(piece);
    if (gapMs === 0) setImmediate(next);
    else setTimeout(next, gapMs);
  };
  next();
}

function streamed(
  change: (events: string[], request: SeenRequest) => readonly (string | Uint8Array)[],
): UpstreamScript {
  return (request, response) => {
    response.writeHead(200, EVENT_STREAM);
    paced(response, change(textEvents(request), request), 0, () => response.end());
  };
}

const bytesOf = (events: readonly string[]): Buffer[] =>
  Array.from(Buffer.from(events.join("")), (byte) => Buffer.from([byte]));

/** The answer of a request that does not stream. */
export const COMPLETION = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "gpt-test-2026",
  choices: [{ index: 0, message: { role: "assistant", content: "na\u00efve \ud83d\ude00" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
});

const json =
  (body: string | Uint8Array, headers: Record<string, string> = {}): UpstreamScript =>
  (_request, response) => {
    response.writeHead(200, {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
      ...headers,
    });
    response.end(body);
  };

const ERROR_EVENT = `data: ${JSON.stringify({ error: { message: "the engine died", type: "server_error", code: 500 } })}\n\n`;

/** What providers send with an error. */
const ERROR_HEADERS = {
  "Content-Type": "application/json",
  "retry-after": "7",
  "retry-after-ms": "7000",
  "x-ratelimit-remaining-requests": "0",
  "x-ratelimit-reset-requests": "1s",
  "x-request-id": "req_0123",
};

function errorStatus(status: number): UpstreamScript {
  return (_request, response) => {
    response.writeHead(status, ERROR_HEADERS);
    response.end(`{"error": {"message": "status ${status}",  "type": "some_error", "param": null, "code": null}}\n`);
  };
}

function gzipStream(request: SeenRequest, response: ServerResponse): void {
  response.writeHead(200, { ...EVENT_STREAM, "Content-Encoding": "gzip" });
  const gzip = createGzip();
  gzip.on("data", (bytes: Buffer) => response.write(bytes));
  gzip.on("end", () => response.end());
  const events = textEvents(request);
  const next = (): void => {
    const event = events.shift();
    if (event === undefined) gzip.end();
    else {
      gzip.write(event);
      gzip.flush(constants.Z_SYNC_FLUSH);
      setTimeout(next, 20);
    }
  };
  next();
}

/** Bytes that are the same in every run, and nowhere the same as before. */
export function firehoseChunk(index: number): Buffer {
  const chunk = Buffer.alloc(64 * 1024, `data: ${String(index).padStart(8, "0")} ${"x".repeat(48)}\n`);
  chunk.write("\n\n", chunk.length - 2);
  return chunk;
}

function firehose(_request: SeenRequest, response: ServerResponse): void {
  response.writeHead(200, EVENT_STREAM);
  const count = FIREHOSE_BYTES / (64 * 1024);
  let at = 0;
  const more = (): void => {
    while (at < count) {
      at += 1;
      if (!response.write(firehoseChunk(at))) {
        response.once("drain", more);
        return;
      }
    }
    response.end();
  };
  more();
}

const SCRIPTS: Readonly<Record<string, UpstreamScript>> = {
  text: streamed((events) => events),
  tools: streamed((_events, request) => toolEvents(request)),
  comments: streamed((events) =>
    // Not before the usage event: a stream without one would not have that comment either.
    events.flatMap((event) => (event.includes('"choices":[]') ? [event] : [": keep-alive\n\n", event])),
  ),
  crlf: streamed((events) => events.map((event) => event.replaceAll("\n", "\r\n"))),
  "no-space": streamed((events) => events.map((event) => event.replace(/^data: /, "data:"))),
  bytewise: streamed((events) => bytesOf(events)),
  "big-frame": streamed((_events, request) =>
    conversation(request, [{ content: "x".repeat(BIG_FRAME_BYTES) }, { content: "after" }]),
  ),
  "error-event": streamed((events) => [...events.slice(0, 3), ERROR_EVENT]),
  "no-done": streamed((events) => events.filter((event) => event !== DONE_EVENT)),
  "no-finish": streamed((events) => [...events.slice(0, 3), DONE_EVENT]),
  pace: (request, response) => {
    response.writeHead(200, EVENT_STREAM);
    const deltas = Array.from({ length: 60 }, (_, index) => ({ content: `${index} ` }));
    paced(response, conversation(request, deltas), 10, () => response.end());
  },
  "late-chunk": (request, response) => {
    response.writeHead(200, EVENT_STREAM);
    response.flushHeaders();
    setTimeout(() => paced(response, textEvents(request), 0, () => response.end()), 300);
  },
  "late-head": (request, response) => void setTimeout(() => sse(response, textEvents(request)), LONG_SILENCE_MS),
  "long-silence": (request, response) => {
    const events = textEvents(request);
    response.writeHead(200, EVENT_STREAM);
    response.write(events.splice(0, 3).join(""));
    setTimeout(() => response.end(events.join("")), LONG_SILENCE_MS);
  },
  endless: (_request, response) => {
    response.writeHead(200, EVENT_STREAM);
    const timer = setInterval(() => response.write(chunkEvent({ content: "a " })), 5);
    response.on("close", () => clearInterval(timer));
  },
  silent: () => undefined,
  firehose,
  reset: (request, response) => {
    response.writeHead(200, EVENT_STREAM);
    response.write(textEvents(request).slice(0, 3).join(""));
    setTimeout(() => response.socket?.resetAndDestroy(), 30);
  },
  "early-end": (request, response) => {
    response.writeHead(200, EVENT_STREAM);
    response.write(textEvents(request).slice(0, 3).join(""));
    setTimeout(() => response.socket?.end(), 30);
  },
  "no-head": (_request, response) => void response.socket?.resetAndDestroy(),
  json: json(COMPLETION),
  "gzip-json": json(gzipSync(COMPLETION), { "Content-Encoding": "gzip" }),
  "br-json": json(brotliCompressSync(COMPLETION), { "Content-Encoding": "br" }),
  "gzip-stream": gzipStream,
  "rejects-usage": (request, response) => {
    if (request.body.includes("stream_options")) {
      response.writeHead(400, { "Content-Type": "application/json" });
      response.end('{"error":{"message":"Unrecognized request argument supplied: stream_options"}}');
    } else sse(response, textEvents(request));
  },
  "busy-twice": (request, response) => {
    if (request.headers["x-stainless-retry-count"] === "2") json(COMPLETION)(request, response);
    else {
      response.writeHead(429, { ...ERROR_HEADERS, "retry-after-ms": "120" });
      response.end('{"error":{"message":"slow down"}}');
    }
  },
};

/** Names whose streams must reach the client as a direct request would have got them. */
export const FAITHFUL_STREAMS = [
  "text",
  "tools",
  "comments",
  "crlf",
  "no-space",
  "bytewise",
  "big-frame",
  "error-event",
  "no-done",
  "no-finish",
] as const;

function modelOf(body: Buffer): string {
  const found = /"model"\s*:\s*"([^"]*)"/.exec(body.toString("latin1"));
  return found?.[1] ?? "json";
}

/** Lets the upstream behave as the model name says; what follows a `#` in it only tells requests apart. */
export function behaveByModel(upstream: FaultUpstream): void {
  upstream.play((request, response) => {
    const [name = ""] = modelOf(request.body).split("#");
    const status = /^status-(\d{3})$/.exec(name);
    const script = status === null ? SCRIPTS[name] : errorStatus(Number(status[1]));
    (script ?? json(COMPLETION))(request, response);
  });
}
