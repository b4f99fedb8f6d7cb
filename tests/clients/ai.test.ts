import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { monitorLlmCall } from "@nexent/monitor";
import { ATTR } from "@nexent/monitor-core";
import { monitorMiddleware } from "@nexent/monitor/ai";
import { monitoredFetch } from "@nexent/monitor/fetch";
import { generateText, streamText, wrapLanguageModel, type LanguageModel } from "ai";
import { describe, expect, it } from "vitest";
import { chatChunk, HELLO } from "../../packages/monitor/src/testing/follow.testing.ts";
import {
  type Handler,
  jsonAnswer,
  sse,
  writeSchedule,
} from "../../packages/monitor/src/testing/openai-server.testing.ts";
import { helloSchedule, providerEachTest } from "../../packages/monitor/src/testing/provider.testing.ts";
import { monitorEachTest, outcomes, until } from "./monitored.testing.ts";

const [, HEL, LO] = HELLO.map((chunk) => sse(chunk));
const USAGE = { choices: [], usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 } };
const STREAM = helloSchedule(USAGE);
const stream: Handler = (response) => writeSchedule(response, STREAM);
const ANSWER = {
  id: "r1",
  created: 1,
  model: "gpt-4o-real",
  choices: [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 3, completion_tokens: 9, total_tokens: 12 },
};

Reflect.set(globalThis, "AI_SDK_LOG_WARNINGS", false);

const server = providerEachTest();

async function modelOf(handler: Handler): Promise<LanguageModel> {
  await server.start(handler);
  const model = createOpenAI({ apiKey: "none", baseURL: server.baseURL }).chat("gpt-4o");
  return wrapLanguageModel({ model, middleware: monitorMiddleware() });
}

async function read(model: LanguageModel, more: object = {}): Promise<string> {
  let text = "";
  const result = streamText({ model, prompt: "hi", maxRetries: 0, onError: () => undefined, ...more });
  for await (const part of result.fullStream) if (part.type === "text-delta") text += part.text;
  return text;
}

const monitored = monitorEachTest();

describe("monitorMiddleware", () => {
  it("measures streamText, first token after the first part", async () => {
    const model = await modelOf(stream);
    expect(await read(model, { temperature: 0.5, maxOutputTokens: 64 })).toBe("Hello");
    const [span] = await monitored.spans(1);
    expect(span).toMatchObject({
      name: "chat gpt-4o",
      attributes: {
        [ATTR.llmOutcome]: "ok",
        [ATTR.llmStream]: true,
        [ATTR.llmInputTokens]: 7,
        [ATTR.llmOutputTokens]: 2,
        [ATTR.llmTokenSource]: "usage",
        [ATTR.genAiProviderName]: "openai",
        [ATTR.genAiResponseFinishReasons]: ["stop"],
        [ATTR.genAiRequestTemperature]: 0.5,
        [ATTR.genAiRequestMaxTokens]: 64,
      },
    });
    expect(span?.attributes).toMatchObject({ [ATTR.llmAttempts]: 1, [ATTR.serverAddress]: "127.0.0.1" });
    expect(Number(span?.attributes[ATTR.llmTimeToFirstTokenSeconds])).toBeGreaterThan(0.055);
  });

  it("stamps parts when they came over the wire, however long the library had them", async () => {
    const model = await modelOf(stream);
    await read(model);
    const startMs = performance.now();
    const result = streamText({ model, prompt: "hi", maxRetries: 0 });
    // The library reads ahead by itself: both tokens are there when the first part is taken.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const takenAfterSeconds = (performance.now() - startMs) / 1000;
    for await (const _ of result.fullStream) await new Promise((resolve) => setTimeout(resolve, 30));
    const [, held] = await monitored.spans(2);
    expect(Number(held?.attributes[ATTR.llmTimeToLastTokenSeconds])).toBeLessThan(takenAfterSeconds);
  });

  it("reads generateText, and counts a retried request for each try", async () => {
    let asked = 0;
    const model = await modelOf((response, request) => {
      asked += 1;
      if (asked > 1) return jsonAnswer(ANSWER)(response, request);
      response.setHeader("retry-after-ms", "10");
      return jsonAnswer({ error: { message: "later", type: "x" } }, 429)(response, request);
    });
    expect((await generateText({ model, prompt: "hi", maxRetries: 1 })).text).toBe("hello");
    await monitored.spans(2);
    expect(outcomes(monitored.samples("llm_requests_total"))).toEqual(["error stream=false x1", "ok stream=false x1"]);
    expect(monitored.samples("llm_error_count_total").join()).toContain('error_type="rate_limited"} 1');
  });

  it("counts streamed tool arguments once, and reasoning as such", async () => {
    const call = (more: object): string => sse(chatChunk({ tool_calls: [{ index: 0, ...more }] }));
    const model = await modelOf((response) =>
      writeSchedule(response, [
        [0, call({ id: "c1", type: "function", function: { name: "look", arguments: "" } })],
        [20, call({ function: { arguments: '{"a":' } })],
        [40, call({ function: { arguments: "1}" } })],
        [60, sse(chatChunk({}, { finish_reason: "tool_calls" })) + sse(USAGE) + sse("[DONE]")],
      ]),
    );
    await read(model);
    const [span] = await monitored.spans(1);
    expect(span?.attributes).toMatchObject({
      [ATTR.llmOutcome]: "ok",
      [ATTR.genAiResponseFinishReasons]: ["tool_calls"],
      [ATTR.llmOutputTokens]: 2,
    });
    expect(span?.attributes).toHaveProperty(ATTR.llmTimeToFirstToolCallSeconds);
    expect(span?.attributes).not.toHaveProperty(ATTR.llmTimeToFirstAnswerTokenSeconds);
  });

  it("is an error when the stream says one, is cut, ends without its end, or the deadline passes", async () => {
    const replies: Handler[] = [
      jsonAnswer({ error: { message: "bad", type: "invalid_request_error" } }, 400),
      (response) =>
        writeSchedule(response, [[0, (HEL ?? "") + sse({ error: { message: "no", type: "server_error" } })]]),
      (response) => writeSchedule(response, [[0, (HEL ?? "") + sse("[DONE]")]]),
      async (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(HEL);
        await new Promise((resolve) => setTimeout(resolve, 20));
        response.destroy();
      },
      (response) =>
        writeSchedule(response, [
          [0, HEL ?? ""],
          [600, LO ?? ""],
        ]),
    ];
    const model = await modelOf((response, request) => replies.shift()?.(response, request));
    const failures: unknown[] = [];
    for (let i = 0; i < 4; i += 1) await read(model).catch((error: unknown) => failures.push(error));
    expect(failures).toHaveLength(1);
    await read(model, { abortSignal: AbortSignal.timeout(60) });
    const spans = await monitored.spans(5);
    expect(spans.map(({ attributes }) => attributes[ATTR.errorType])).toEqual([
      "invalid_request",
      "server_error",
      "stream_interrupted",
      "stream_interrupted",
      "timeout",
    ]);
  });

  it("is cancelled when the caller stops, and the upstream sees it", async () => {
    const model = await modelOf(stream);
    const controller = new AbortController();
    const result = streamText({ model, prompt: "hi", abortSignal: controller.signal });
    for await (const _ of result.textStream) controller.abort();
    await until(() => server.requests.at(0)?.closed === true);
    const [span] = await monitored.spans(1);
    expect(span?.attributes).toMatchObject({ [ATTR.llmOutcome]: "cancelled" });
  });

  it("names other providers, and records once with a monitored fetch or inside a decorated function", async () => {
    const message = {
      id: "m",
      type: "message",
      role: "assistant",
      model: "c",
      content: [{ type: "text", text: "hi" }],
    };
    await server.start(
      jsonAnswer({ ...message, stop_reason: "end_turn", usage: { input_tokens: 3, output_tokens: 4 } }),
    );
    const settings = { apiKey: "none", baseURL: server.baseURL };
    const plain = createAnthropic(settings)("claude-test");
    const model = wrapLanguageModel({ model: plain, middleware: monitorMiddleware() });
    await monitorLlmCall("outer")(() => generateText({ model, prompt: "hi" }))();
    const fetched = createAnthropic({ ...settings, fetch: monitoredFetch() })("claude-test");
    await generateText({ model: wrapLanguageModel({ model: fetched, middleware: monitorMiddleware() }), prompt: "hi" });
    // The fetch leaves what is observed already to the middleware.
    const spans = await monitored.spans(3);
    const inner = spans.filter(({ attributes }) => attributes[ATTR.llmOutcome] === "ok");
    expect(inner.map((span) => span.name)).toEqual(["chat claude-test", "chat claude-test"]);
    for (const { attributes } of inner) {
      expect(attributes).toMatchObject({ [ATTR.genAiProviderName]: "anthropic", [ATTR.llmOutputTokens]: 4 });
    }
    expect(outcomes(monitored.samples("llm_requests_total"))).toEqual(["ok stream=false x2"]);
  });
});

it("reads the parts of a stream that a decorated function returns", async () => {
  await server.start(stream);
  const model = createOpenAI({ apiKey: "none", baseURL: server.baseURL }).chat("gpt-4o");
  const ask = monitorLlmCall("outer")(() => streamText({ model, prompt: "hi" }).fullStream);
  for await (const _ of ask());
  const [span] = await monitored.spans(1);
  expect(span?.attributes).toMatchObject({ [ATTR.llmOutcome]: "ok", [ATTR.llmOutputTokens]: 2 });
});
