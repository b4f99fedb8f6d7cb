import { encodeTokenTape, decodeFingerprint, LIMITS, readLlmFields, type AttributeValue } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import type { TelemetrySpan } from "../codecs/telemetry-batch.ts";
import { callAttributes, telemetryBatch, telemetrySpan } from "../testing/spans.ts";
import { normalise } from "./normalise.ts";

const NOW_MS = Date.parse("2026-11-24T12:00:00Z");
const nanos = (ms: number): bigint => BigInt(Math.round(ms)) * 1_000_000n;
const START = nanos(NOW_MS - 5_000);

function one(over: Partial<TelemetrySpan>, service?: string) {
  const batch = telemetryBatch(
    [telemetrySpan({ startUnixNanos: START, endUnixNanos: START + 1_000_000_000n, ...over })],
    service,
  );
  return normalise(batch, NOW_MS);
}

function attributesOf(given: Readonly<Record<string, AttributeValue>>) {
  const [span] = one({ attributes: new Map(Object.entries(given)) }).spans;
  return span?.attributes ?? new Map<string, AttributeValue>();
}

describe("names", () => {
  it("maps older GenAI names and keeps the originals", () => {
    const attributes = attributesOf({
      "gen_ai.system": "openai",
      "gen_ai.usage.cache_creation.input_tokens": 7,
      "gen_ai.workflow.name": "agent",
      "gen_ai.request.top_k": 39.6,
      "gen_ai.client.operation.time_to_first_chunk": 0.4,
    });
    expect(attributes.get("gen_ai.provider.name")).toBe("openai");
    expect(attributes.get("gen_ai.usage.cache_write.input_tokens")).toBe(7);
    expect(attributes.get("gen_ai.agent.name")).toBe("agent");
    expect(attributes.get("gen_ai.request.top_k")).toBe(40);
    expect(attributes.get("gen_ai.response.time_to_first_chunk")).toBe(0.4);
    expect(attributes.get("gen_ai.system")).toBe("openai");
  });

  it("maps OpenInference, parameters in JSON included", () => {
    const attributes = attributesOf({
      "openinference.span.kind": "LLM",
      "llm.model_name": "gpt-4o",
      "llm.provider": "azure",
      "llm.token_count.prompt": 11,
      "llm.token_count.completion": 22,
      "llm.token_count.completion_details.reasoning": 5,
      "llm.finish_reason": "stop",
      "llm.invocation_parameters": '{"temperature":0.2,"max_tokens":50,"__proto__":{"a":1},"tools":[1]}',
      "session.id": "s1",
    });
    expect(attributes.get("gen_ai.operation.name")).toBe("chat");
    expect(attributes.get("gen_ai.request.temperature")).toBe(0.2);
    expect(attributes.get("gen_ai.request.max_tokens")).toBe(50);
    expect(attributes.get("gen_ai.response.finish_reasons")).toEqual(["stop"]);
    expect(attributes.get("gen_ai.conversation.id")).toBe("s1");
    const llm = readLlmFields(attributes, { status: "unset", durationSeconds: 1 });
    expect(llm).toMatchObject({
      model: "gpt-4o",
      provider: "azure.ai.openai",
      inputTokens: 11,
      outputTokens: 22,
      reasoningTokens: 5,
    });
  });

  it("takes the model OpenInference asked from its parameters, and the one that answered from its name", () => {
    const attributes = attributesOf({
      "openinference.span.kind": "LLM",
      "llm.model_name": "gpt-4o-2024-08-06",
      "llm.invocation_parameters": '{"model":"gpt-4o","stream":true}',
    });
    expect(attributes.get("gen_ai.request.model")).toBe("gpt-4o");
    expect(attributes.get("gen_ai.response.model")).toBe("gpt-4o-2024-08-06");
    expect(attributes.get("gen_ai.request.stream")).toBe(true);
    const ours = attributesOf({ "llm.model_name": "as asked", "gen_ai.request.model": "as asked, too" });
    expect(ours.get("gen_ai.response.model")).toBeUndefined();
  });

  it("maps the first OpenLLMetry, whose counts and reasons have other names", () => {
    const attributes = attributesOf({
      "gen_ai.system": "OpenAI",
      "llm.request.type": "completion",
      "gen_ai.request.model": "m",
      "gen_ai.usage.prompt_tokens": 7,
      "gen_ai.usage.completion_tokens": 20,
      "gen_ai.usage.cache_read_input_tokens": 3,
      "gen_ai.completion.0.finish_reason": "stop",
      "gen_ai.completion.1.finish_reason": "length",
      "llm.is_streaming": true,
    });
    expect(readLlmFields(attributes, { status: "ok", durationSeconds: 1 })).toMatchObject({
      provider: "openai",
      operation: "text_completion",
      inputTokens: 7,
      outputTokens: 20,
      cacheReadTokens: 3,
      finishReason: "stop,length",
      streaming: true,
    });
  });

  it("maps a call of the AI SDK from milliseconds, and leaves the span around it alone", () => {
    const given = {
      "ai.model.provider": "google.generative-ai",
      "ai.model.id": "gemini-2.5",
      "ai.response.msToFirstChunk": 55.5,
      "ai.usage.inputTokens": 7,
      "ai.usage.outputTokens": Number.NaN,
      "ai.response.finishReason": "stop",
    };
    const call = attributesOf({ ...given, "ai.operationId": "ai.streamText.doStream" });
    expect(readLlmFields(call, { status: "unset", durationSeconds: 1 })).toEqual({
      provider: "gcp.gemini",
      model: "gemini-2.5",
      operation: "chat",
      outcome: "ok",
      finishReason: "stop",
      streaming: true,
      firstChunkSeconds: 0.0555,
      inputTokens: 7,
    });
    const around = attributesOf({ ...given, "ai.operationId": "ai.streamText" });
    expect(readLlmFields(around, { status: "unset", durationSeconds: 1 })).toBeUndefined();
  });

  it.each([
    ["openai.responses", "openai"],
    ["az.ai.openai", "azure.ai.openai"],
    ["Vertex_AI", "gcp.vertex_ai"],
    ["My own.chat", "My own.chat"],
  ])("knows the provider %s as %s", (system, provider) => {
    expect(attributesOf({ "gen_ai.system": system }).get("gen_ai.provider.name")).toBe(provider);
  });

  it("restores lists that came as JSON text, and no other text", () => {
    const attributes = attributesOf({
      "gen_ai.response.finish_reasons": '["stop","length"]',
      "llm.slow": "[broken",
      "gen_ai.request.stop_sequences": "[1]",
      "application.list": '["a"]',
    });
    expect(attributes.get("gen_ai.response.finish_reasons")).toEqual(["stop", "length"]);
    expect(attributes.get("llm.slow")).toBe("[broken");
    expect(attributes.get("gen_ai.request.stop_sequences")).toBe("[1]");
    expect(attributes.get("application.list")).toBe('["a"]');
  });

  it("lets a value under our name win over a converted one", () => {
    const attributes = attributesOf({ "gen_ai.system": "old", "gen_ai.provider.name": "new" });
    expect(attributes.get("gen_ai.provider.name")).toBe("new");
  });

  it("reads a first-chunk event as a chunk time, never as a TTFT", () => {
    const events = [{ name: "First Token Stream Event", timeUnixNanos: START + 250_000_000n, attributes: new Map() }];
    const [span] = one({ events, attributes: callAttributes() }).spans;
    expect(span?.attributes.get("gen_ai.response.time_to_first_chunk")).toBe(0.25);
    expect(readLlmFields(span?.attributes ?? new Map())?.ttftSeconds).toBeUndefined();
  });

  it("takes the error of a failed call from the exception it recorded, and of no other span", () => {
    const events = ["ValueError", "openai.RateLimitError"].map((type) => ({
      name: "exception",
      timeUnixNanos: START,
      attributes: new Map([["exception.type", type]]),
    }));
    const attributes = new Map<string, AttributeValue>([
      ["openinference.span.kind", "LLM"],
      ["llm.model_name", "gpt-4o"],
    ]);
    const [failed] = one({ attributes, events, statusCode: 2 }).spans;
    expect(failed?.attributes.get("error.type")).toBe("openai.RateLimitError");
    expect(readLlmFields(failed?.attributes ?? new Map(), { status: "error" })?.errorType).toBe("rate_limited");
    const [fine] = one({ attributes, events }).spans;
    const [other] = one({ attributes: new Map(), events, statusCode: 2 }).spans;
    expect([fine?.attributes.has("error.type"), other?.attributes.has("error.type")]).toEqual([false, false]);
  });

  it("never shows a service as unknown_service", () => {
    expect(one({}, "checkout").spans[0]?.resource.service).toBe("checkout");
    expect(one({}, "unknown_service:node").spans[0]?.resource.service).toBe("unnamed");
    const batch = {
      resources: [
        {
          attributes: new Map([["process.executable.name", "worker"]]),
          scopes: [{ name: "", spans: [telemetrySpan({ startUnixNanos: START })] }],
        },
      ],
    };
    const [span] = normalise(batch, NOW_MS).spans;
    expect(span?.resource.service).toBe("worker");
    expect(span?.resource.attributes.get("service.name")).toBe("worker");
  });
});

describe("I4: times and ids", () => {
  const end = START + 1n;
  it.each<[string, Partial<TelemetrySpan>, string | undefined]>([
    ["a start of 0", { startUnixNanos: 0n, endUnixNanos: end }, "start_missing"],
    ["a start of 2^64-1", { startUnixNanos: 2n ** 64n - 1n, endUnixNanos: 2n ** 64n - 1n }, "start_future"],
    ["a start 61 minutes ahead", { startUnixNanos: nanos(NOW_MS + 61 * 60_000), endUnixNanos: 0n }, "start_future"],
    ["a start 59 minutes ahead", { startUnixNanos: nanos(NOW_MS + 59 * 60_000), endUnixNanos: 0n }, undefined],
    ["a start in 1970", { startUnixNanos: 1_000n, endUnixNanos: end }, "start_old"],
    ["an end before the start", { endUnixNanos: START - 1n }, "end_before_start"],
    ["an end far ahead", { endUnixNanos: nanos(NOW_MS + 2 * 3_600_000) }, "end_future"],
    ["a span without an end", { endUnixNanos: 0n }, undefined],
    ["a trace id of zeros", { traceId: "0".repeat(32) }, "trace_id"],
    ["a short trace id", { traceId: "abc" }, "trace_id"],
    ["a trace id that is not hexadecimal", { traceId: "g".repeat(32) }, "trace_id"],
    ["no span id", { spanId: "" }, "span_id"],
    ["a parent of zeros", { parentSpanId: "0".repeat(16) }, undefined],
    ["a parent of another length", { parentSpanId: "abcd" }, "parent_id"],
  ])("judges %s", (_, over, reason) => {
    const { spans, rejected } = one(over);
    expect([...rejected.keys()]).toEqual(reason === undefined ? [] : [reason]);
    expect(spans).toHaveLength(reason === undefined ? 1 : 0);
  });

  it("keeps exact nanoseconds and leaves the duration of an open span out", () => {
    expect(one({ endUnixNanos: START + 123_456_789n }).spans[0]?.durationNanos).toBe(123_456_789n);
    expect(one({ endUnixNanos: 0n }).spans[0]).not.toHaveProperty("durationNanos");
  });
});

describe("limits", () => {
  it("cuts keys and values at a character boundary, and counts it", () => {
    const { spans, counts } = one({
      attributes: new Map<string, AttributeValue>([
        ["k".repeat(300), "v"],
        ["big", "\u00e9".repeat(LIMITS.valueBytes)],
        ["gen_ai.input.messages", "x".repeat(LIMITS.contentValueBytes + 1)],
      ]),
    });
    const attributes = spans[0]?.attributes;
    expect([...(attributes?.keys() ?? [])][0]).toHaveLength(LIMITS.keyBytes);
    expect(attributes?.get("big")).toBe("\u00e9".repeat(LIMITS.valueBytes / 2));
    expect(attributes?.get("gen_ai.input.messages")).toHaveLength(LIMITS.contentValueBytes);
    expect(counts.cut).toBe(3);
  });

  it("drops attributes, events and links beyond 128, and counts them", () => {
    const event = { name: "e", timeUnixNanos: START, attributes: new Map() };
    const link = { traceId: "a".repeat(32), spanId: "b".repeat(16), attributes: new Map() };
    const { spans, counts } = one({
      attributes: new Map(Array.from({ length: 130 }, (_, index) => [`k${index}`, index])),
      events: Array.from({ length: 131 }, () => event),
      links: [...Array.from({ length: 128 }, () => link), { ...link, traceId: "" }],
    });
    expect([spans[0]?.attributes.size, spans[0]?.events.length, spans[0]?.links.length]).toEqual([128, 128, 128]);
    expect(counts.dropped).toBe(2 + 3 + 1);
  });

  it("keeps nested values inside one budget", () => {
    const nested = Array.from({ length: 10 }, () => "x".repeat(LIMITS.valueBytes / 4));
    const value = attributesOf({ nested }).get("nested");
    const kept = Array.isArray(value) ? value.flat() : [];
    expect(kept.join("").length).toBeLessThanOrEqual(LIMITS.valueBytes);
    expect([kept.length > 1, kept.length < 10]).toEqual([true, true]);
  });

  it("I11: repairs NUL and lone surrogates, and keeps well-formed text as it is", () => {
    const { spans, counts } = one({ name: "a\0b\uD800c", attributes: new Map([["k", "\u{1F600} ok"]]) });
    expect(spans[0]?.name).toBe("a\uFFFDb\uFFFDc");
    expect(spans[0]?.attributes.get("k")).toBe("\u{1F600} ok");
    expect(counts.replaced).toBe(1);
  });

  it("redacts secrets in names, values, nested values and messages, but never the token tape", () => {
    const tape = encodeTokenTape([{ atMicros: 16, kind: "text", tokens: 1 }]).slice(0, 4) + `/AIza${"A".repeat(40)}`;
    const key = `sk-${"a".repeat(30)}`;
    const { spans, counts } = one({
      name: `call ${key}`,
      statusMessage: `bad key ${key}`,
      attributes: new Map<string, AttributeValue>([
        ["http.request.header.authorization", ["Bearer x"]],
        [
          "nested",
          new Map<string, AttributeValue>([
            ["password", "p"],
            ["list", [key]],
          ]),
        ],
        ["llm.token_tape", tape],
      ]),
      events: [{ name: "e", timeUnixNanos: START, attributes: new Map([["m", key]]) }],
    });
    const text = JSON.stringify(spans, (_, value: unknown) =>
      value instanceof Map ? [...value] : typeof value === "bigint" ? String(value) : value,
    );
    expect(text).not.toContain(key);
    expect(text).not.toContain('"p"');
    expect(spans[0]?.attributes.get("llm.token_tape")).toBe(tape);
    expect(counts.redacted).toBe(6);
  });
});

describe("fingerprint", () => {
  it("is made from the tape and replaces what a sender claims", () => {
    const tape = encodeTokenTape(
      Array.from({ length: 20 }, (_, index) => ({
        atMicros: 200_000 + index * 40_000,
        kind: "text" as const,
        tokens: 1,
      })),
    );
    const withTape = attributesOf({ "llm.token_tape": tape, "llm.fingerprint": "forged" }).get("llm.fingerprint");
    expect(typeof withTape === "string" ? decodeFingerprint(withTape) : withTape).toHaveLength(60);
    expect(attributesOf({ "llm.fingerprint": "forged" }).has("llm.fingerprint")).toBe(false);
    expect(attributesOf({ "llm.token_tape": "broken" }).has("llm.fingerprint")).toBe(false);
  });
});
