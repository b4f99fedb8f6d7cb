import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { llmFieldsOf, readLlmFields, type LlmSpanContext } from "./llm-call-reading.ts";
import type { LlmFields } from "./llm-call.ts";
import type { AttributeValue } from "./model/span-record.ts";
import { storableLlmFields } from "./names/columns.ts";
import { PROMOTED } from "./names/promoted.ts";
import { encodeTokenTape } from "./token-tape.ts";

function read(attributes: Readonly<Record<string, AttributeValue>>, context?: LlmSpanContext): LlmFields | undefined {
  return readLlmFields(new Map(Object.entries(attributes)), context);
}

const ENDED: LlmSpanContext = { status: "unset", durationSeconds: 2 };
/** The least that makes a foreign span an LLM call. */
const CHAT = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" };

describe("what is an LLM call", () => {
  it.each<[string, Record<string, AttributeValue>]>([
    ["a model and an inference operation", CHAT],
    ["embeddings", { ...CHAT, "gen_ai.operation.name": "embeddings" }],
    ["an operation named by the application", { "llm.model_name": "m", "llm.operation": "summarise" }],
    ["our span whose model nobody named", { "llm.outcome": "ok", "gen_ai.operation.name": "chat" }],
    ["an LLM span of OpenInference", { "openinference.span.kind": "LLM" }],
    ["an embedding span of OpenInference", { "openinference.span.kind": "embedding", "embedding.model_name": "e" }],
  ])("takes %s", (_, attributes) => {
    expect(read(attributes)).toBeDefined();
  });

  it.each<[string, Record<string, AttributeValue>]>([
    ["no attribute", {}],
    ["an HTTP span", { "http.request.method": "POST", "http.route": "/v1/chat/completions" }],
    ["a model without an operation", { "gen_ai.request.model": "m" }],
    ["an operation without a model", { "gen_ai.operation.name": "chat" }],
    ["a tool", { ...CHAT, "gen_ai.operation.name": "execute_tool" }],
    ["an agent", { ...CHAT, "gen_ai.operation.name": "invoke_agent" }],
    ["a chain of OpenInference", { ...CHAT, "openinference.span.kind": "CHAIN" }],
    ["an unknown outcome", { "llm.outcome": "fine", "gen_ai.operation.name": "chat" }],
    ["a model of a wrong type", { ...CHAT, "gen_ai.request.model": 4 }],
    ["an empty model", { ...CHAT, "gen_ai.request.model": "" }],
  ])("leaves %s", (_, attributes) => {
    expect(read(attributes, ENDED)).toBeUndefined();
  });
});

describe("our own names", () => {
  it("are read back as they were written", () => {
    const tokenTape = encodeTokenTape([
      { atMicros: 500_000, kind: "text", tokens: 1 },
      { atMicros: 520_000, kind: "text", tokens: 1 },
      { atMicros: 540_000, kind: "text", tokens: 1 },
    ]);
    expect(
      read({
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o-2024",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.conversation.id": "c1",
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.cache_read.input_tokens": 0,
        "gen_ai.usage.cache_write.input_tokens": 3,
        "gen_ai.usage.reasoning.output_tokens": 5,
        "llm.model_name": "gpt-4o",
        "llm.operation": "chat_completion",
        "llm.input_tokens": 7,
        "llm.output_tokens": 20,
        "llm.outcome": "ok",
        "llm.stream": true,
        "llm.token_source": "usage",
        "llm.time_to_first_byte_seconds": 0.3,
        "llm.time_to_first_chunk_seconds": 0.4,
        "llm.time_to_first_token_seconds": 0.5,
        "llm.time_to_first_answer_token_seconds": 0.5,
        "llm.time_to_first_tool_call_seconds": 0.6,
        "llm.time_to_last_token_seconds": 0.88,
        "llm.ttft": 0.5,
        "llm.generation_rate": 50,
        "llm.time_per_output_token_seconds": 0.02,
        "llm.end_to_end_token_rate": 16.9,
        "llm.stall_count": 1,
        "llm.stall_total_seconds": 2.5,
        "llm.slow": ["duration"],
        "llm.attempt": 2,
        "llm.clock_lag_max_seconds": 0.06,
        "llm.token_tape": tokenTape,
      }),
    ).toEqual({
      provider: "openai",
      model: "gpt-4o",
      responseModel: "gpt-4o-2024",
      operation: "chat_completion",
      outcome: "ok",
      finishReason: "stop",
      tokenSource: "usage",
      conversationId: "c1",
      streaming: true,
      estimated: false,
      slow: true,
      clockTainted: true,
      attempt: 2,
      firstByteSeconds: 0.3,
      firstChunkSeconds: 0.4,
      ttftSeconds: 0.5,
      firstAnswerTokenSeconds: 0.5,
      firstToolCallSeconds: 0.6,
      lastTokenSeconds: 0.88,
      generationRateTokensPerSecond: 50,
      endToEndRateTokensPerSecond: 16.9,
      timePerOutputTokenSeconds: 0.02,
      gapP50Seconds: 0.02,
      gapP95Seconds: 0.02,
      stallCount: 1,
      stallTotalSeconds: 2.5,
      inputTokens: 7,
      outputTokens: 20,
      cacheReadTokens: 0,
      cacheWriteTokens: 3,
      reasoningTokens: 5,
      tokenTape,
    });
  });

  it("win over converted ones", () => {
    const fields = read({
      ...CHAT,
      "llm.outcome": "cancelled",
      "llm.output_tokens": 12,
      "llm.token_source": "estimate",
      "gen_ai.usage.output_tokens": 99,
      "llm.token_count.completion": 98,
      "llm.time_to_first_chunk_seconds": 0.1,
      "gen_ai.response.time_to_first_chunk": 0.9,
    });
    expect(fields).toMatchObject({ outcome: "cancelled", outputTokens: 12, estimated: true, firstChunkSeconds: 0.1 });
  });

  it("say by silence that nothing was slow, stalled or tainted", () => {
    const fields = read({ ...CHAT, "llm.outcome": "ok", "llm.stream": true });
    expect(fields).toMatchObject({ slow: false, clockTainted: false, stallCount: 0, stallTotalSeconds: 0 });
    expect(read({ ...CHAT, "llm.outcome": "ok", "llm.stream": false })).not.toHaveProperty("stallCount");
    expect(read(CHAT, ENDED)).not.toHaveProperty("slow");
  });

  it("keep a 0 the source said, but not the zeros the original monitor wrote for unknown", () => {
    const zeros = { ...CHAT, "llm.input_tokens": 0, "llm.output_tokens": 0, "llm.ttft": 0, "llm.generation_rate": 0 };
    expect(read({ ...zeros, "llm.outcome": "ok" })).toMatchObject({ inputTokens: 0, outputTokens: 0, ttftSeconds: 0 });
    const original = read(zeros);
    for (const field of ["inputTokens", "outputTokens", "ttftSeconds", "generationRateTokensPerSecond"]) {
      expect(original).not.toHaveProperty(field);
    }
  });
});

describe("names of other conventions", () => {
  it("reads older gen_ai names", () => {
    expect(
      read({
        ...CHAT,
        "gen_ai.system": "anthropic",
        "gen_ai.usage.prompt_tokens": 10,
        "gen_ai.usage.completion_tokens": 20,
        "gen_ai.usage.cache_creation.input_tokens": 4,
        "gen_ai.client.operation.time_to_first_chunk": 0.7,
      }),
    ).toEqual({
      provider: "anthropic",
      model: "m",
      operation: "chat",
      inputTokens: 10,
      outputTokens: 20,
      cacheWriteTokens: 4,
      firstChunkSeconds: 0.7,
      tokenSource: "usage",
      estimated: false,
    });
  });

  it("reads OpenInference", () => {
    expect(
      read({
        "openinference.span.kind": "LLM",
        "llm.model_name": "gpt-4o",
        "llm.response.model_name": "gpt-4o-2024",
        "llm.system": "openai",
        "llm.provider": "azure",
        "llm.finish_reason": "length",
        "llm.token_count.prompt": 10,
        "llm.token_count.completion": 20,
        "llm.token_count.prompt_details.cache_read": 1,
        "llm.token_count.prompt_details.cache_write": 2,
        "llm.token_count.completion_details.reasoning": 3,
        "session.id": "s1",
      }),
    ).toEqual({
      provider: "azure",
      model: "gpt-4o",
      responseModel: "gpt-4o-2024",
      operation: "chat",
      finishReason: "length",
      inputTokens: 10,
      outputTokens: 20,
      cacheReadTokens: 1,
      cacheWriteTokens: 2,
      reasoningTokens: 3,
      conversationId: "s1",
      tokenSource: "usage",
      estimated: false,
    });
  });

  it("never makes a first chunk a first token", () => {
    const fields = read({
      ...CHAT,
      "gen_ai.response.time_to_first_chunk": 0.4,
      "gen_ai.client.operation.time_to_first_chunk": 0.4,
      "llm.time_to_first_chunk_seconds": 0.4,
    });
    expect(fields).not.toHaveProperty("ttftSeconds");
    expect(fields?.firstChunkSeconds).toBe(0.4);
  });

  it("takes the server's time to first token as the seconds it is", () => {
    expect(read({ ...CHAT, "gen_ai.server.time_to_first_token": 250 })?.ttftSeconds).toBe(250);
  });
});

describe("what the span adds", () => {
  it("takes a span that ended without a sign of failure as ok", () => {
    expect(read(CHAT, ENDED)?.outcome).toBe("ok");
    expect(read(CHAT, { status: "ok", durationSeconds: 0 })?.outcome).toBe("ok");
  });

  it("leaves the outcome open without a status or an end", () => {
    expect(read(CHAT)).not.toHaveProperty("outcome");
    expect(read(CHAT, { durationSeconds: 1 })).not.toHaveProperty("outcome");
    expect(read(CHAT, { status: "unset" })).not.toHaveProperty("outcome");
  });

  it.each<[string, Record<string, AttributeValue>, LlmSpanContext, string]>([
    ["a failed status", {}, { status: "error" }, "unknown"],
    ["our error type", { "error.type": "rate_limited" }, ENDED, "rate_limited"],
    ["an exception's name", { "error.type": "APIConnectionError" }, ENDED, "connection"],
    ["a qualified name", { "error.type": "openai.RateLimitError" }, ENDED, "rate_limited"],
    ["a name nobody knows", { "error.type": "MyError" }, ENDED, "unknown"],
    ["an HTTP status as error type", { "error.type": "429" }, ENDED, "rate_limited"],
    ["an HTTP status", { "http.response.status_code": 503 }, ENDED, "overloaded"],
    ["both", { "error.type": "_OTHER", "http.response.status_code": 401 }, ENDED, "auth"],
  ])("derives an error from %s", (_, attributes, context, errorType) => {
    expect(read({ ...CHAT, ...attributes }, context)).toMatchObject({ outcome: "error", errorType });
  });

  it("gives no error type to what is no error", () => {
    expect(read({ ...CHAT, "llm.outcome": "cancelled", "error.type": "timeout" })).not.toHaveProperty("errorType");
    expect(read({ ...CHAT, "http.response.status_code": 200 }, ENDED)?.outcome).toBe("ok");
  });

  it("derives the end-to-end rate of a good call and nothing else from the duration", () => {
    const usage = { ...CHAT, "gen_ai.usage.output_tokens": 20 };
    expect(read(usage, ENDED)?.endToEndRateTokensPerSecond).toBe(10);
    expect(read(usage, ENDED)).not.toHaveProperty("generationRateTokensPerSecond");
    for (const context of [
      { status: "error", durationSeconds: 2 },
      { status: "unset", durationSeconds: 0 },
      {},
    ] as const) {
      expect(read(usage, context)).not.toHaveProperty("endToEndRateTokensPerSecond");
    }
    expect(read({ ...CHAT, "gen_ai.usage.output_tokens": 0 }, ENDED)).not.toHaveProperty("endToEndRateTokensPerSecond");
  });

  it("takes status and duration from a span", () => {
    const attributes = new Map<string, AttributeValue>(Object.entries({ ...CHAT, "gen_ai.usage.output_tokens": 20 }));
    expect(llmFieldsOf({ attributes, status: "unset", durationNanos: 4_000_000_000n })).toMatchObject({
      outcome: "ok",
      endToEndRateTokensPerSecond: 5,
    });
    expect(llmFieldsOf({ attributes, status: "unset" })).not.toHaveProperty("outcome");
  });
});

describe("values", () => {
  it("derives the time per token from the rate", () => {
    expect(read({ ...CHAT, "llm.generation_rate": 50 })?.timePerOutputTokenSeconds).toBe(0.02);
  });

  it("names each finish reason once", () => {
    const reasons = (value: AttributeValue) => read({ ...CHAT, "gen_ai.response.finish_reasons": value })?.finishReason;
    expect(reasons(["stop", "stop", "length"])).toBe("stop,length");
    expect(reasons("stop")).toBe("stop");
    expect(reasons([])).toBeUndefined();
    expect(reasons([1, null, ""])).toBeUndefined();
  });

  it("leaves out as a count what is none", () => {
    const bad = [
      NaN,
      Infinity,
      -Infinity,
      -1,
      1.5,
      2n ** 60n,
      -1n,
      "7",
      true,
      null,
      [7],
      new Map([["a", 1]]),
      new Uint8Array(1),
    ];
    for (const value of bad) {
      expect(read({ ...CHAT, "gen_ai.usage.input_tokens": value })).not.toHaveProperty("inputTokens");
    }
  });

  it("passes over an unusable value to the next name", () => {
    expect(read({ ...CHAT, "llm.input_tokens": -1, "gen_ai.usage.input_tokens": 7n })?.inputTokens).toBe(7);
  });

  it("derives no gaps from a tape that is damaged or merged, and keeps the tape", () => {
    const merged = encodeTokenTape(
      Array.from({ length: 1000 }, (_, i) => ({ atMicros: i * 30_000, kind: "text" as const, tokens: 1 })),
      { maxCharacters: 200 },
    );
    for (const tape of [merged, "not a tape", "AAAA"]) {
      const fields = read({ ...CHAT, "llm.token_tape": tape });
      expect(fields).not.toHaveProperty("gapP50Seconds");
      expect(fields?.tokenTape).toBe(tape);
    }
  });

  it("never throws, and everything it reads can be stored, whatever the attributes hold", () => {
    const value = fc.oneof(
      fc.string(),
      fc.double(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.oneof(fc.string(), fc.double()), { maxLength: 3 }),
      fc.constantFrom("ok", "error", "chat", "LLM", 0, -0, 1, 500, "usage"),
    );
    const names = [...new Set(PROMOTED.flatMap(({ attributes }) => [...attributes])), "openinference.span.kind"];
    const context = fc.record(
      {
        status: fc.constantFrom("unset" as const, "ok" as const, "error" as const),
        durationSeconds: fc.double({ min: 0, noNaN: true }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 30 }), context, (attributes, span) => {
        const fields = read({ ...CHAT, ...attributes }, span);
        if (fields === undefined) return;
        expect(Object.values(fields)).not.toContain(undefined);
        const numbers = Object.entries(fields).filter(([, found]) => typeof found === "number");
        for (const [, number] of numbers) expect(number >= 0 && Number.isFinite(number)).toBe(true);
        const small = numbers.every(([, number]) => number <= Number.MAX_SAFE_INTEGER);
        if (small) expect(storableLlmFields(fields)).toEqual(fields);
        if (fields.errorType !== undefined) expect(fields.outcome).toBe("error");
      }),
      { numRuns: 500 },
    );
  });

  it("leaves the time per token unknown when the rate has no finite inverse", () => {
    const fields = readLlmFields(
      new Map<string, AttributeValue>([
        ["gen_ai.operation.name", "chat"],
        ["gen_ai.request.model", "m"],
        ["llm.generation_rate", 5e-324],
      ]),
    );
    expect(fields).toMatchObject({ generationRateTokensPerSecond: 5e-324 });
    expect(fields).not.toHaveProperty("timePerOutputTokenSeconds");
  });
});
