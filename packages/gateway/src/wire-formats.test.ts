/** Streams of every wire format through the gateway: the client sees the upstream's bytes, and one record tells them right. */
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import http, { type ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { fetchRaw, until } from "./testing/raw-client.testing.ts";
import { monitoredGatewayEachTest } from "./testing/monitored-gateway.testing.ts";

const FIXTURES = new URL("../../core/src/providers/fixtures/", import.meta.url);
const SSE = "text/event-stream";
const NDJSON = "application/x-ndjson";
const STREAM = '{"model":"m","stream":true}';
const GEMINI = "/up/v1beta/models/gemini-test:streamGenerateContent";

const gateway = monitoredGatewayEachTest({ prefix: "/up", upstream: { usage: "observe" } });

/** Path, body and media type of the answer that a fixture is recorded from. */
function exchangeOf(file: string): { readonly path: string; readonly body: string; readonly type: string } {
  const body = STREAM;
  if (file.startsWith("responses")) return { path: "/up/v1/responses", body, type: SSE };
  if (file.startsWith("anthropic")) return { path: "/up/v1/messages", body, type: SSE };
  if (file.endsWith(".json-array")) return { path: GEMINI, body: "{}", type: "application/json; charset=UTF-8" };
  if (file.startsWith("gemini")) return { path: `${GEMINI}?alt=sse`, body: "{}", type: SSE };
  if (file === "ollama-generate.ndjson") return { path: "/up/api/generate", body: '{"model":"m"}', type: NDJSON };
  if (file.endsWith(".ndjson")) return { path: "/up/api/chat", body: '{"model":"m"}', type: NDJSON };
  return { path: `/up/v1${file.startsWith("completions") ? "" : "/chat"}/completions`, body, type: SSE };
}

/** Writes `bytes` in pieces that end anywhere. */
function sendInPieces(response: ServerResponse, type: string, bytes: Buffer, pieceBytes: number): void {
  response.writeHead(200, { "content-type": type });
  let at = 0;
  const next = (): void => {
    response.write(bytes.subarray(at, at + pieceBytes));
    at += pieceBytes;
    if (at >= bytes.length) response.end();
    else setImmediate(next);
  };
  next();
}

const files = readdirSync(FIXTURES).filter((file) => !file.endsWith(".md"));

/** Fixtures that end badly. */
const FAULTS: Readonly<Record<string, string>> = {
  "anthropic-error.sse": "overloaded",
  "anthropic-interrupted.sse": "stream_interrupted",
  "gemini-error.json-array": "rate_limited",
  "gemini-error.sse": "overloaded",
  "ollama-error.ndjson": "stream_error",
  "responses-error-flat.sse": "server_error",
  "responses-error.sse": "rate_limited",
  "responses-failed.sse": "server_error",
  "responses-interrupted.sse": "stream_interrupted",
  "vllm-done-only.sse": "stream_interrupted",
  "vllm-error.sse": "server_error",
};

describe("a stream in pieces that end anywhere", () => {
  it.each(files)("%s: same bytes, one record", async (file) => {
    const bytes = readFileSync(new URL(file, FIXTURES));
    const { path, body, type } = exchangeOf(file);
    gateway.upstream.play((_request, response) => sendInPieces(response, type, bytes, 11));
    const answer = await fetchRaw(gateway.origin + path, { body });
    expect(answer.body.equals(bytes)).toBe(true);
    expect(answer).toMatchObject({ status: 200, complete: true });
    expect(answer.headers).toMatchObject({ "content-type": type, "x-accel-buffering": "no" });
    expect(gateway.upstream.requests[0]?.body.toString()).toBe(body);
    expect(gateway.upstream.requests[0]?.headers["accept-encoding"]).toBe("identity");
    const { attributes } = await gateway.onlyCall();
    expect(attributes).toMatchObject({ "llm.stream": true, "http.response.status_code": 200 });
    expect([attributes["llm.outcome"], attributes["error.type"]]).toEqual(
      FAULTS[file] === undefined ? ["ok", undefined] : ["error", FAULTS[file]],
    );
  });

  it("has fixtures of every format and of both ends", () => {
    expect(new Set(files.map((file) => exchangeOf(file).path.replace(/\?.*/, ""))).size).toBe(7);
    expect(files).toEqual(expect.arrayContaining(Object.keys(FAULTS)));
  });
});

describe("the record of a stream", () => {
  it.each([
    [
      "openai-chat.sse",
      { "gen_ai.request.model": "m", "gen_ai.operation.name": "chat", "gen_ai.usage.output_tokens": 8 },
    ],
    ["responses-text.sse", { "gen_ai.operation.name": "chat", "gen_ai.response.finish_reasons": ["completed"] }],
    ["anthropic-text.sse", { "gen_ai.operation.name": "chat", "gen_ai.response.finish_reasons": ["end_turn"] }],
    [
      "gemini.sse",
      {
        "gen_ai.request.model": "gemini-test",
        "gen_ai.operation.name": "generate_content",
        "gen_ai.response.model": "gemini-2.5-flash",
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 9,
      },
    ],
    ["gemini.json-array", { "gen_ai.request.model": "gemini-test", "gen_ai.response.model": "gemini-2.5-flash-image" }],
    [
      "ollama-chat.ndjson",
      {
        "gen_ai.request.model": "m",
        "gen_ai.usage.input_tokens": 26,
        "gen_ai.usage.output_tokens": 8,
        "llm.server.load_seconds": 1.334875,
        "llm.server.prefill_seconds": 0.342546,
        "llm.server.decode_seconds": 0.16,
        "llm.server.decode_rate": 50,
      },
    ],
    ["ollama-generate.ndjson", { "gen_ai.operation.name": "text_completion", "gen_ai.usage.output_tokens": 3 }],
    [
      "vllm-metrics.sse",
      {
        "llm.server.queue_seconds": 0.0125,
        "llm.server.prefill_seconds": 0.0855,
        "llm.server.inter_token_seconds": 0.0095,
        "llm.server.reasoning.token_count": 36,
      },
    ],
    ["llama-cpp-timings.sse", { "llm.server.decode_rate": 100, "llm.server.prefill_seconds": 0.04325 }],
  ])("%s says model, tokens and what the server says of itself", async (file, expected) => {
    const { path, body, type } = exchangeOf(file);
    gateway.upstream.play((_request, response) =>
      sendInPieces(response, type, readFileSync(new URL(file, FIXTURES)), 1 << 20),
    );
    await fetchRaw(gateway.origin + path, { body });
    expect((await gateway.onlyCall()).attributes).toMatchObject(expected);
  });
});

describe("a compressed stream", () => {
  it.each(["responses-text.sse", "anthropic-text.sse", "gemini.json-array", "ollama-chat.ndjson"])(
    "%s passes as it is and is read all the same",
    async (file) => {
      const { path, body, type } = exchangeOf(file);
      const packed = gzipSync(readFileSync(new URL(file, FIXTURES)));
      gateway.upstream.play((_request, response) => {
        response.setHeader("content-encoding", "gzip");
        sendInPieces(response, type, packed, 100);
      });
      const answer = await fetchRaw(gateway.origin + path, { body });
      expect(answer.body.equals(packed)).toBe(true);
      const { attributes } = await gateway.onlyCall();
      expect(attributes).toMatchObject({ "llm.outcome": "ok", "llm.stream": true });
      expect(attributes["gen_ai.usage.output_tokens"]).toBeGreaterThan(0);
    },
  );
});

describe("a body that curl sends to Ollama", () => {
  it.each([{ "content-type": "application/x-www-form-urlencoded" }, { "content-type": [] }])(
    "is read under %j",
    async (headers) => {
      gateway.upstream.play((_request, response) =>
        sendInPieces(response, NDJSON, readFileSync(new URL("ollama-chat.ndjson", FIXTURES)), 64),
      );
      const body = '{ "model": "m", "options": {"num_predict": 9} }';
      await fetchRaw(`${gateway.origin}/up/api/chat`, { body, headers });
      expect(gateway.upstream.requests[0]?.headers["content-type"]).toBe(
        headers["content-type"].toString() || undefined,
      );
      expect(gateway.upstream.requests[0]?.body.toString()).toBe(body);
      const { attributes } = await gateway.onlyCall();
      expect(attributes).toMatchObject({ "gen_ai.request.model": "m", "gen_ai.request.max_tokens": 9 });
    },
  );
});

const OPENINGS: readonly (readonly [name: string, file: string, errorEvent: string, errorType: string])[] = [
  ["chat", "openai-chat.sse", 'data: {"error":{"message":"no","type":"overloaded_error"}}\n\n', "overloaded"],
  [
    "responses",
    "responses-text.sse",
    'event: error\ndata: {"type":"error","error":{"type":"tokens","code":"rate_limit_exceeded"}}\n\n',
    "rate_limited",
  ],
  [
    "messages",
    "anthropic-text.sse",
    'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"no"}}\n\n',
    "overloaded",
  ],
  ["gemini events", "gemini.sse", 'data: {"error":{"code":503,"status":"UNAVAILABLE"}}\r\n\r\n', "overloaded"],
  ["gemini array", "gemini.json-array", ',\r\n{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}]', "rate_limited"],
  ["ollama", "ollama-chat.ndjson", '{"error":"out of memory"}\n', "stream_error"],
];

/** The first frame of a fixture. */
function firstFrame(file: string): string {
  const text = readFileSync(new URL(file, FIXTURES), "utf8");
  const separator = file.endsWith(".json-array")
    ? "\n}"
    : file.endsWith(".ndjson")
      ? "\n"
      : /(?:\r?\n){2}/.exec(text)?.[0];
  const end = separator === undefined ? -1 : text.indexOf(separator);
  if (separator === undefined || end < 0) throw new Error(`${file} has no frame`);
  return text.slice(0, end + separator.length);
}

describe.each(OPENINGS)("a stream of %s that does not end well", (_name, file, errorEvent, errorType) => {
  const { path, body, type } = exchangeOf(file);

  it("is over with its error event, also where the server leaves the connection open", async () => {
    gateway.upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": type });
      response.write(firstFrame(file) + errorEvent);
    });
    const seen: Buffer[] = [];
    const request = http.request(gateway.origin + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
    });
    request.on("error", () => undefined);
    request.on("response", (response) => {
      response.on("error", () => undefined);
      response.on("data", (chunk: Buffer) => seen.push(chunk));
    });
    request.end(body);
    await until(() => gateway.monitoring.calls().length === 1);
    expect(gateway.gateway.openRequests).toBe(1);
    await until(() => Buffer.concat(seen).toString() === firstFrame(file) + errorEvent);
    request.destroy();
    expect((await gateway.onlyCall()).attributes).toMatchObject({
      "llm.outcome": "error",
      "error.type": errorType,
      "http.response.status_code": 200,
    });
  });

  it("is interrupted when the upstream drops it, or ends it early", async () => {
    gateway.upstream.play((request, response) => {
      response.writeHead(200, { "content-type": type });
      response.write(firstFrame(file));
      if (request.number === 1) setTimeout(() => response.socket?.resetAndDestroy(), 20);
      else response.end();
    });
    const answers = [await fetchRaw(gateway.origin + path, { body }), await fetchRaw(gateway.origin + path, { body })];
    expect(answers.map((answer) => answer.complete)).toEqual([false, true]);
    for (const answer of answers) expect(answer.body.toString()).toBe(firstFrame(file));
    await until(() => gateway.monitoring.calls().length === 2);
    for (const { attributes } of gateway.monitoring.calls()) {
      expect(attributes).toMatchObject({
        "llm.outcome": "error",
        "error.type": "stream_interrupted",
        "http.response.status_code": 200,
      });
    }
  });

  it("is cancelled by a client that leaves, with the status that had come", async () => {
    gateway.upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": type });
      response.write(firstFrame(file));
    });
    const request = http.request(gateway.origin + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
    });
    request.on("error", () => undefined);
    request.on("response", (response) => {
      response.on("error", () => undefined);
      response.once("data", () => request.destroy());
    });
    request.end(body);
    expect((await gateway.onlyCall()).attributes).toMatchObject({
      "llm.outcome": "cancelled",
      "http.response.status_code": 200,
    });
    await until(() => gateway.upstream.requests[0]?.lostAtMs() !== undefined);
    const server = gateway.monitoring.spans.find((span) => span.start.kind === "server");
    expect(server?.attributes["http.response.status_code"]).toBe(200);
  });
});
