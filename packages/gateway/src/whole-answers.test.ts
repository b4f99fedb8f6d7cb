/** Whole answers of every wire format through the gateway, also those too long to be parsed. */
import { describe, expect, it } from "vitest";
import { fetchRaw, until, type RawAnswer } from "./testing/raw-client.testing.ts";
import { type SeenSpan } from "./testing/test-monitoring.testing.ts";
import { monitoredGatewayEachTest } from "./testing/monitored-gateway.testing.ts";

const gateway = monitoredGatewayEachTest({ prefix: "/up" });

async function askFor(path: string, body: object, answer: unknown): Promise<{ answer: RawAnswer; call: SeenSpan }> {
  const text = JSON.stringify(answer);
  gateway.upstream.play((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(text);
  });
  const received = await fetchRaw(`${gateway.origin}/up${path}`, { body: JSON.stringify(body) });
  expect(received.body.toString() === text).toBe(true);
  await until(() => gateway.monitoring.calls().length === 1);
  const [call] = gateway.monitoring.calls();
  if (call === undefined) throw new Error("no record");
  return { answer: received, call };
}

const USAGE = { "gen_ai.usage.input_tokens": 4, "gen_ai.usage.output_tokens": 6 };
const FLOATS = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i / 7);

/** An answer whose output is about `size` characters. */
type Answer = (size: number) => object;

const ANSWERS: readonly (readonly [path: string, body: object, answer: Answer, expected: object])[] = [
  [
    "/v1/chat/completions",
    { model: "m", max_tokens: 9 },
    (size) => ({
      id: "c1",
      object: "chat.completion",
      model: "real",
      choices: [{ index: 0, message: { role: "assistant", content: "y".repeat(size) }, finish_reason: "stop" }],
      usage: { prompt_tokens: 4, completion_tokens: 6, total_tokens: 10 },
    }),
    { ...USAGE, "gen_ai.response.model": "real", "gen_ai.request.max_tokens": 9 },
  ],
  [
    "/v1/responses",
    { model: "m", max_output_tokens: 9, reasoning: { effort: "low" } },
    (size) => ({
      id: "r1",
      object: "response",
      status: "completed",
      error: null,
      model: "real",
      output: [{ type: "message", content: [{ type: "output_text", text: "y".repeat(size) }] }],
      usage: { input_tokens: 4, output_tokens: 6, total_tokens: 10 },
    }),
    {
      ...USAGE,
      "gen_ai.response.model": "real",
      "gen_ai.request.max_tokens": 9,
      "gen_ai.request.reasoning.level": "low",
      "gen_ai.response.finish_reasons": ["completed"],
    },
  ],
  [
    "/v1/messages",
    { model: "m", max_tokens: 9, stop_sequences: ["x"] },
    (size) => ({
      id: "m1",
      type: "message",
      model: "real",
      content: [{ type: "text", text: "y".repeat(size) }],
      stop_reason: "end_turn",
      usage: { input_tokens: 4, output_tokens: 6 },
    }),
    {
      ...USAGE,
      "gen_ai.response.model": "real",
      "gen_ai.request.max_tokens": 9,
      "gen_ai.request.stop_sequences": ["x"],
      "gen_ai.response.finish_reasons": ["end_turn"],
    },
  ],
  [
    "/v1beta/models/m:generateContent",
    { generationConfig: { maxOutputTokens: 9 } },
    (size) => ({
      candidates: [{ content: { parts: [{ text: "y".repeat(size) }] }, finishReason: "STOP", index: 0 }],
      usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 6, totalTokenCount: 10 },
      modelVersion: "real",
    }),
    { ...USAGE, "gen_ai.response.model": "real", "gen_ai.request.max_tokens": 9 },
  ],
  [
    "/api/chat",
    { model: "m", stream: false, options: { num_predict: 9 } },
    (size) => ({
      model: "real",
      created_at: "2026-01-01T00:00:00Z",
      message: { role: "assistant", content: "y".repeat(size) },
      done_reason: "stop",
      done: true,
      total_duration: 3_000_000_000,
      prompt_eval_count: 4,
      prompt_eval_duration: 1_000_000_000,
      eval_count: 6,
      eval_duration: 2_000_000_000,
    }),
    { ...USAGE, "gen_ai.response.model": "real", "gen_ai.request.max_tokens": 9, "llm.server.decode_rate": 3 },
  ],
  [
    "/api/embed",
    { model: "m", input: "x" },
    (size) => ({ model: "real", embeddings: [FLOATS(size / 18)], total_duration: 5, prompt_eval_count: 4 }),
    { "gen_ai.usage.input_tokens": 4, "gen_ai.response.model": "real" },
  ],
  [
    "/v1/embeddings",
    { model: "m", input: "x" },
    (size) => ({
      object: "list",
      data: [{ index: 0, embedding: FLOATS(size / 18) }],
      model: "real",
      usage: { prompt_tokens: 4, total_tokens: 4 },
    }),
    { "gen_ai.usage.input_tokens": 4, "gen_ai.response.model": "real" },
  ],
  [
    "/v1beta/models/m:embedContent",
    { content: { parts: [{ text: "x" }] } },
    (size) => ({ embedding: { values: FLOATS(size / 18) }, usageMetadata: { promptTokenCount: 4 } }),
    { "gen_ai.usage.input_tokens": 4 },
  ],
];

describe.each([
  ["short", 40],
  ["longer than is held", 600_000],
])("a whole answer, %s", (_name, size) => {
  it.each(ANSWERS)("of %s", async (path, body, answer, expected) => {
    const { call } = await askFor(path, body, answer(size));
    expect(call.attributes).toMatchObject({
      "llm.outcome": "ok",
      "llm.stream": false,
      "gen_ai.request.model": "m",
      ...expected,
    });
    expect(call.attributes["llm.time_to_first_token_seconds"]).toBeUndefined();
  });
});

it("an endpoint whose format is not read has model, status and duration", async () => {
  await gateway.restart({ upstream: { format: "opaque" } });
  const { call } = await askFor("/v1/messages", { model: "m", stream: true }, { usage: { output_tokens: 6 } });
  expect(call.attributes).toMatchObject({ "llm.outcome": "ok", "gen_ai.request.model": "m", "llm.stream": false });
  expect(call.attributes["llm.output_tokens"]).toBeUndefined();
});

it("an Azure deployment is the model where the body names none", async () => {
  const path = "/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21";
  const { call } = await askFor(path, { messages: [] }, ANSWERS[0]?.[2](40));
  expect(call).toMatchObject({ name: "chat my gpt", attributes: { "gen_ai.request.model": "my gpt" } });
  expect(gateway.upstream.requests[0]?.url).toBe(path);
});

it.each([
  ["/v1/messages", { type: "error", error: { type: "overloaded_error", message: "m" } }, 529, "overloaded"],
  ["/v1beta/models/m:generateContent", { error: { code: 429, status: "RESOURCE_EXHAUSTED" } }, 429, "rate_limited"],
  [
    "/v1beta/models/m:streamGenerateContent",
    [{ error: { code: 400, status: "INVALID_ARGUMENT" } }],
    400,
    "invalid_request",
  ],
  ["/api/chat", { error: "model not found" }, 404, "not_found"],
  ["/v1/responses", { error: { type: "insufficient_quota", code: "insufficient_quota" } }, 429, "quota"],
])("an error of %s is one by its status", async (path, body, status, errorType) => {
  gateway.upstream.play((_request, response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  });
  const answer = await fetchRaw(`${gateway.origin}/up${path}`, { body: '{"model":"m"}' });
  expect(answer).toMatchObject({ status });
  expect(answer.body.toString()).toBe(JSON.stringify(body));
  await until(() => gateway.monitoring.calls().length === 1);
  expect(gateway.monitoring.calls()[0]?.attributes).toMatchObject({ "llm.outcome": "error", "error.type": errorType });
});
