import Anthropic, { APIUserAbortError, RateLimitError } from "@anthropic-ai/sdk";
import { ATTR } from "@nexent/monitor-core";
import { wrapAnthropic } from "@nexent/monitor/anthropic";
import { describe, expect, it } from "vitest";
import { collectUntil } from "../../packages/monitor/src/testing/follow.testing.ts";
import { type Handler, writeSchedule } from "../../packages/monitor/src/testing/openai-server.testing.ts";
import { providerEachTest } from "../../packages/monitor/src/testing/provider.testing.ts";
import { monitorEachTest, outcomes, until } from "./monitored.testing.ts";

function event(type: string, more: object = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
}

function text(piece: string): string {
  return event("content_block_delta", { index: 0, delta: { type: "text_delta", text: piece } });
}

const USAGE = { input_tokens: 5, cache_read_input_tokens: 2, output_tokens: 1 };
const MESSAGE = { id: "msg_1", type: "message", role: "assistant", model: "claude-real", content: [], usage: USAGE };
const START =
  event("message_start", { message: { ...MESSAGE, stop_reason: null } }) +
  event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }) +
  event("ping");
const END =
  event("content_block_stop", { index: 0 }) +
  event("message_delta", { delta: { stop_reason: "end_turn" }, usage: { output_tokens: 9 } }) +
  event("message_stop");
const STREAM: readonly (readonly [number, string])[] = [
  [20, START],
  [60, text("Hel")],
  [80, text("lo")],
  [90, END],
];
const ANSWER = {
  ...MESSAGE,
  content: [{ type: "text", text: "hello" }],
  stop_reason: "end_turn",
  usage: { ...USAGE, output_tokens: 9 },
};
const REQUEST = { model: "claude-test", max_tokens: 64, messages: [{ role: "user" as const, content: "hi" }] };
const STREAMED = { ...REQUEST, stream: true as const };

const server = providerEachTest();

const stream: Handler = (response) => writeSchedule(response, STREAM);
const answer: Handler = (response) =>
  void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(ANSWER));

async function clientOf(handler: Handler, options: object = {}): Promise<Anthropic> {
  await server.start(handler);
  const baseURL = server.baseURL.replace("/v1", "");
  return wrapAnthropic(new Anthropic({ apiKey: "none", baseURL, maxRetries: 0, ...options }));
}

async function readAll(source: AsyncIterable<unknown>): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const value of source) seen.push(value);
  return seen;
}

const monitored = monitorEachTest();

const OK = {
  [ATTR.llmOutcome]: "ok",
  [ATTR.llmAttempts]: 1,
  [ATTR.llmInputTokens]: 7,
  [ATTR.llmOutputTokens]: 9,
  [ATTR.genAiProviderName]: "anthropic",
  [ATTR.serverAddress]: "127.0.0.1",
};

describe("wrapAnthropic", () => {
  it("measures a stream from its body reads, and counts the last usage", async () => {
    const client = await clientOf(stream);
    for (let i = 0; i < 3; i += 1) await readAll(await client.messages.create(STREAMED));
    const promise = client.messages.create(STREAMED);
    expect(promise.constructor.name).toBe("APIPromise");
    await readAll(await promise);
    const spans = await monitored.spans(4);
    expect(spans.map(({ attributes }) => attributes[ATTR.llmClockSource])).toContain("wire");
    const span = spans.at(-1);
    expect(span).toMatchObject({ name: "chat claude-test", attributes: OK });
    const firstChunk = Number(span?.attributes[ATTR.llmTimeToFirstChunkSeconds]);
    expect(Number(span?.attributes[ATTR.llmTimeToFirstTokenSeconds]) - firstChunk).toBeGreaterThan(0.03);
  });

  it("sends the same bytes with and without us", async () => {
    const wrapped = await clientOf(answer);
    await wrapped.messages.create(REQUEST);
    await new Anthropic({ apiKey: "none", baseURL: wrapped.baseURL }).messages.create(REQUEST);
    expect(server.requests[0]?.body).toBe(server.requests[1]?.body);
  });

  it("follows messages.stream() and beta.messages.stream() to their true end", async () => {
    const client = await clientOf(stream);
    expect(await client.messages.stream(REQUEST).finalText()).toBe("Hello");
    expect(await client.beta.messages.stream(REQUEST).finalText()).toBe("Hello");
    const stopped = client.messages.stream(REQUEST);
    for await (const _ of stopped) break;
    const spans = await monitored.spans(3);
    for (const span of spans.slice(0, 2)) expect(span.attributes).toMatchObject(OK);
    expect(spans[2]?.attributes).toMatchObject({ [ATTR.llmOutcome]: "cancelled" });
  });

  it("reads answers in one piece, from create() and parse(), and keeps withResponse and asResponse", async () => {
    const client = await clientOf(answer);
    expect((await client.messages.create(REQUEST)).content[0]).toMatchObject({ text: "hello" });
    await client.messages.parse(REQUEST);
    expect((await client.messages.create(REQUEST).withResponse()).response.status).toBe(200);
    expect((await client.beta.messages.create(REQUEST)).usage.output_tokens).toBe(9);
    const spans = await monitored.spans(4);
    for (const { attributes } of spans) expect(attributes).toMatchObject({ ...OK, [ATTR.llmStream]: false });
  });

  it("is cancelled by a break, by an abort and not by a deadline", async () => {
    const client = await clientOf(stream);
    for await (const _ of await client.messages.create(STREAMED)) break;
    await until(() => server.requests.at(0)?.closed === true);
    const aborted = await client.messages.create(STREAMED);
    for await (const _ of aborted) aborted.controller.abort();
    const signal = AbortSignal.timeout(40);
    await expect(client.messages.stream(REQUEST, { signal }).done()).rejects.toBeInstanceOf(APIUserAbortError);
    const spans = await monitored.spans(3);
    expect(spans.map(({ attributes }) => attributes[ATTR.llmOutcome])).toEqual(["cancelled", "cancelled", "error"]);
    expect(spans[2]?.attributes).toMatchObject({ [ATTR.errorType]: "timeout" });
  });

  it("is abandoned when nobody reads", async () => {
    const client = await clientOf(stream);
    await (async () => void (await client.messages.create(STREAMED)))();
    await collectUntil(() => monitored.samples("llm_requests_total").join().includes('abandoned"} 1'));
  });

  it("maps an error event, a cut stream and a stream without its end", async () => {
    const failing = event("error", { error: { type: "overloaded_error", message: "busy" } });
    const bodies = [START + text("a") + failing, START + text("a")];
    const client = await clientOf(async (response) => {
      const body = bodies.shift();
      if (body !== undefined) return writeSchedule(response, [[0, body]]);
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(START + text("a"));
      await new Promise((resolve) => setTimeout(resolve, 20));
      response.destroy();
    });
    await expect(readAll(await client.messages.create(STREAMED))).rejects.toThrow("busy");
    await readAll(await client.messages.create(STREAMED));
    await expect(readAll(await client.messages.create(STREAMED))).rejects.toThrow();
    const spans = await monitored.spans(3);
    expect(spans.map(({ attributes }) => attributes[ATTR.errorType])).toEqual([
      "overloaded",
      "stream_interrupted",
      "stream_interrupted",
    ]);
    for (const { attributes } of spans) expect(attributes).toMatchObject({ [ATTR.llmTokenSource]: "estimate" });
  });

  it("shows attempts: 429 then 200, and 429 alone", async () => {
    let asked = 0;
    const client = await clientOf((response, request) => {
      asked += 1;
      if (asked === 2) return answer(response, request);
      response.writeHead(429, { "content-type": "application/json", "retry-after-ms": "10" });
      response.end('{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}');
    });
    await client.messages.create(REQUEST, { maxRetries: 1 });
    await expect(client.messages.create(REQUEST)).rejects.toBeInstanceOf(RateLimitError);
    await monitored.spans(4);
    expect(outcomes(monitored.samples("llm_requests_total"))).toEqual(["error stream=false x2", "ok stream=false x1"]);
    expect(outcomes(monitored.samples("llm_call_duration_seconds_count"))).toHaveLength(2);
  });

  it("wraps once, and observes copies", async () => {
    const client = await clientOf(answer);
    expect(wrapAnthropic(client)).toBe(client);
    await client.withOptions({ timeout: 1000 }).messages.create(REQUEST);
    const [span] = await monitored.spans(1);
    expect(span?.attributes).toMatchObject(OK);
  });
});
