import { describe, expect, it } from "vitest";
import { LIMITS } from "../limits.ts";
import { anthropicMessages } from "./anthropic-messages.ts";
import { DELTA_KIND_BIT, emptyStreamEvent, type DeltaKind, type StreamEvent } from "./provider.ts";
import { describeProvider, eventsOf, fixture, said, timingsOf } from "./provider-suite.testing.ts";

type Said = Partial<StreamEvent>;

const encoder = new TextEncoder();

/** An event that belongs to the message. */
function ofMessage(fields: Said = {}): Said {
  return { type: "chunk", choiceCount: 1, ...fields };
}

function output(kind: DeltaKind, outputBytes: number): Said {
  return ofMessage({ kind, kinds: DELTA_KIND_BIT[kind], outputBytes });
}

function start(responseModel: string, responseId: string, usage: object, more: Said = {}): Said {
  return ofMessage({ responseModel, responseId, usage, ...more });
}

const EMPTY = ofMessage();
const DONE: Said = { type: "done" };
const SUMMARY: Said = { reasoningForm: "summary" };
const REDACTED = ofMessage({ reasoningForm: "redacted" });
const SONNET = "claude-sonnet-4-5-20250929";
const OPUS = "claude-opus-4-5-20251101";

describeProvider({
  provider: anthropicMessages,
  fixtures: [
    {
      file: "anthropic-text.sse",
      title: "text in padded frames, a ping, input with cache reads and writes",
      events: [
        start(SONNET, "msg_01Text", { inputTokens: 2572, cacheReadTokens: 512, cacheWriteTokens: 2048 }, SUMMARY),
        EMPTY,
        output("text", 5),
        output("text", 8),
        output("text", 4),
        EMPTY,
        ofMessage({
          finishReason: "end_turn",
          usage: {
            inputTokens: 2572,
            outputTokens: 9,
            cacheReadTokens: 512,
            cacheWriteTokens: 2048,
            reasoningTokens: 0,
          },
        }),
        DONE,
      ],
    },
    {
      file: "anthropic-tools.sse",
      title: "text, then a tool call: its name counts, then its arguments",
      events: [
        start(SONNET, "msg_01Tool", { inputTokens: 472 }, SUMMARY),
        EMPTY,
        output("text", 12),
        EMPTY,
        output("tool", 11),
        EMPTY,
        output("tool", 10),
        output("tool", 8),
        EMPTY,
        ofMessage({ finishReason: "tool_use", usage: { outputTokens: 89 } }),
        DONE,
      ],
    },
    {
      file: "anthropic-thinking.sse",
      title: "a summary of the thinking, its signature, and the count of all of it",
      events: [
        start(OPUS, "msg_01Think", { inputTokens: 30, cacheReadTokens: 0, cacheWriteTokens: 0 }, SUMMARY),
        EMPTY,
        output("reasoning", 13),
        output("reasoning", 14),
        REDACTED,
        EMPTY,
        EMPTY,
        output("text", 2),
        output("text", 7),
        EMPTY,
        ofMessage({
          finishReason: "end_turn",
          usage: {
            inputTokens: 30,
            outputTokens: 120,
            cacheReadTokens: 0,
            cacheWriteTokens: 0,
            reasoningTokens: 112,
          },
        }),
        DONE,
      ],
    },
    {
      file: "anthropic-omitted.sse",
      title: "thinking that is left out but for its signature",
      events: [
        start(OPUS, "msg_01Omit", { inputTokens: 30 }, SUMMARY),
        EMPTY,
        REDACTED,
        EMPTY,
        EMPTY,
        output("text", 2),
        output("text", 1),
        EMPTY,
        ofMessage({ finishReason: "end_turn", usage: { outputTokens: 60 } }),
        DONE,
      ],
    },
    {
      file: "anthropic-redacted.sse",
      title: "a redacted block, a refusal as finish reason",
      events: [
        start("claude-3-7-sonnet-20250219", "msg_01Redact", { inputTokens: 92 }),
        REDACTED,
        EMPTY,
        EMPTY,
        output("text", 3),
        EMPTY,
        ofMessage({ finishReason: "refusal", usage: { outputTokens: 40 } }),
        DONE,
      ],
    },
    {
      file: "anthropic-search.sse",
      title: "a tool of the server: its result and citations are no output; input that grew, without its cache counts",
      events: [
        start(SONNET, "msg_01Search", { inputTokens: 2779, cacheReadTokens: 100, cacheWriteTokens: 0 }, SUMMARY),
        output("tool", 10),
        output("tool", 20),
        EMPTY,
        EMPTY,
        EMPTY,
        EMPTY,
        EMPTY,
        output("text", 6),
        EMPTY,
        ofMessage({ finishReason: "pause_turn", usage: { uncachedInputTokens: 10_682, outputTokens: 510 } }),
        DONE,
      ],
    },
    {
      file: "anthropic-error.sse",
      title: "an error event behind the first text",
      events: [
        start(SONNET, "msg_01Err", { inputTokens: 12 }, SUMMARY),
        EMPTY,
        output("text", 3),
        { type: "error", fault: { errorType: "overloaded", code: "overloaded_error" } },
      ],
    },
    {
      file: "anthropic-interrupted.sse",
      title: "a stream cut before message_delta",
      events: [
        start(SONNET, "msg_01Cut", { inputTokens: 20, cacheReadTokens: 8, cacheWriteTokens: 0 }, SUMMARY),
        EMPTY,
        output("text", 9),
        output("text", 7),
      ],
    },
    {
      file: "anthropic-vllm.sse",
      title: "vLLM: thinking in full, usage without cache counts, a second marker",
      events: [
        start("Qwen/Qwen3-8B", "chatcmpl-9v", { inputTokens: 14 }),
        EMPTY,
        output("reasoning", 5),
        output("reasoning", 6),
        REDACTED,
        EMPTY,
        EMPTY,
        output("text", 1),
        EMPTY,
        ofMessage({ finishReason: "end_turn", usage: { uncachedInputTokens: 14, outputTokens: 7 } }),
        DONE,
      ],
    },
  ],
});

/** Events of frames that are given as objects. */
function eventsOfFrames(...frames: readonly object[]): readonly Said[] {
  const text = frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join("");
  return eventsOf(anthropicMessages.createStreamParser(), encoder.encode(text)).map(said);
}

describe("the clock of a message", () => {
  const timings = (file: string): ReturnType<typeof timingsOf> => timingsOf(anthropicMessages, fixture(file));

  it("takes the counts of message_delta, and all input", () => {
    expect(timings("anthropic-text.sse")).toMatchObject({
      outcome: "ok",
      outputTokens: 9,
      tokenSource: "usage",
      estimated: false,
      usage: { inputTokens: 2572, cacheReadTokens: 512, cacheWriteTokens: 2048 },
      reasoningVisibility: "none",
      finishReasons: ["end_turn"],
      outputBytes: 17,
      countedChunkCount: 3,
    });
    expect(timings("anthropic-text.sse").generationRateTokensPerSecond).toBeDefined();
  });

  it("estimates a stream cut before message_delta: output_tokens of message_start is no count of the answer", () => {
    const cut = timings("anthropic-interrupted.sse");
    expect(cut).toMatchObject({ outcome: "error", outputTokens: 4, tokenSource: "estimate", estimated: true });
    expect(cut.usage).toEqual({ inputTokens: 20, cacheReadTokens: 8, cacheWriteTokens: 0 });
    expect(cut.finishReasons).toEqual([]);
  });

  it("begins its window behind a summary of the thinking, and leaves the thinking out of it", () => {
    const summary = timings("anthropic-thinking.sse");
    expect(summary).toMatchObject({
      outputTokens: 120,
      reasoningVisibility: "summary",
      firstTokenMicros: 540_000,
      firstAnswerTokenMicros: 640_000,
      firstChunkTokens: 2,
      firstChunkTokensSource: "proportional",
    });
    // 8 tokens behind 112 of thinking, 2 of them in the first chunk; 20 ms between the two chunks.
    expect(summary.generationRateTokensPerSecond).toBeCloseTo(300, 6);
  });

  it("knows no rate when thinking was left out or redacted and nobody counted it", () => {
    for (const file of ["anthropic-omitted.sse", "anthropic-redacted.sse"]) {
      expect(timings(file)).toMatchObject({ outcome: "ok", reasoningVisibility: "hidden", tokenSource: "usage" });
      expect(timings(file)).not.toHaveProperty("generationRateTokensPerSecond");
    }
  });

  it("takes thinking that other makers' models stream for all of it", () => {
    const full = timings("anthropic-vllm.sse");
    expect(full).toMatchObject({ outcome: "ok", outputTokens: 7, reasoningVisibility: "streamed" });
    expect(full.usage).toEqual({ inputTokens: 14, outputTokens: 7 });
    expect(full.generationRateTokensPerSecond).toBeDefined();
  });

  it("adds input that came without its cache counts to those seen before", () => {
    expect(timings("anthropic-search.sse").usage).toEqual({
      inputTokens: 10_782,
      outputTokens: 510,
      cacheReadTokens: 100,
      cacheWriteTokens: 0,
    });
  });

  it("ends in the error of an error event, with what was seen before it", () => {
    expect(timings("anthropic-error.sse")).toMatchObject({ outcome: "error", outputTokens: 1, estimated: true });
  });

  it("has seen no normal end without a stop reason", () => {
    const clockOf = (...frames: readonly object[]): string =>
      timingsOf(anthropicMessages, encoder.encode(frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join("")))
        .outcome;
    const stop = { type: "message_stop" };
    expect(clockOf({ type: "message_delta", delta: { stop_reason: null }, usage: {} }, stop)).toBe("error");
    expect(clockOf({ type: "message_delta", delta: { stop_reason: "max_tokens" } })).toBe("ok");
  });
});

describe("an event of a message", () => {
  it("is skipped when nobody knows its type, and malformed without one", () => {
    expect(eventsOfFrames({ type: "message_pause", text: "x" }, { type: "ping" }, { kind: 1 }, [1])).toEqual([
      { type: "malformed" },
      { type: "malformed" },
    ]);
  });

  it("says nothing that is counted when its members have the wrong types", () => {
    const deltas = [
      { type: "text_delta", text: { content: "x" } },
      { type: "text_delta" },
      { type: "thinking_delta", thinking: "", estimated_tokens: 50 },
      { type: "input_json_delta", partial_json: 5 },
      { type: "signature_delta", signature: "" },
      { type: "compaction_delta", content: "x" },
      "text",
      null,
    ];
    const events = eventsOfFrames(...deltas.map((delta) => ({ type: "content_block_delta", index: 0, delta })));
    expect(events).toEqual(deltas.map(() => EMPTY));
    const usages = [{ output_tokens: "5" }, { output_tokens: -1, input_tokens: 1.5 }, null, []];
    expect(eventsOfFrames(...usages.map((usage) => ({ type: "message_delta", usage, delta: 1 })))).toEqual(
      usages.map(() => EMPTY),
    );
  });

  it("is an error by its name, its type or an error member alone", () => {
    const bytes = encoder.encode(
      'event: error\ndata: {"message":"x","type":"api_error"}\n\nevent: error\ndata: oops\n\n',
    );
    expect(eventsOf(anthropicMessages.createStreamParser(), bytes).map(({ fault }) => fault)).toEqual([
      { errorType: "server_error", code: "api_error" },
      { errorType: "stream_error" },
    ]);
    expect(
      eventsOfFrames({ type: "error" }, { error: { type: "request_too_large" } }).map(({ fault }) => fault),
    ).toEqual([{ errorType: "stream_error" }, { errorType: "invalid_request", code: "request_too_large" }]);
  });

  it("counts output that stands in the start of its block", () => {
    const blocks = [
      { type: "text", text: "hi" },
      { type: "thinking", thinking: "hmm" },
      { type: "mcp_tool_use", name: "f", input: {} },
      { type: "mcp_tool_result", name: "f" },
    ];
    expect(
      eventsOfFrames(...blocks.map((content_block) => ({ type: "content_block_start", index: 0, content_block }))),
    ).toEqual([output("text", 2), output("reasoning", 3), output("tool", 1), EMPTY]);
  });

  it("beyond the bound is classified by its beginning", () => {
    const long = "x".repeat(2 * LIMITS.observerLineBytes);
    const delta = { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: long } };
    const result = { type: "content_block_start", content_block: { type: "web_search_tool_result", content: [long] } };
    const [text, block, other, next] = eventsOfFrames(delta, result, { kind: long }, { type: "content_block_stop" });
    expect(text).toMatchObject({ kind: "text", kinds: 1, choiceCount: 1 });
    expect(text?.outputBytes).toBeGreaterThan(LIMITS.observerLineBytes - 200);
    expect([block, other, next]).toEqual([EMPTY, { type: "malformed" }, EMPTY]);
    const named = encoder.encode(`event: content_block_delta\ndata: ${JSON.stringify({ long, ...delta })}\n\n`);
    expect(eventsOf(anthropicMessages.createStreamParser(), named).map(said)).toEqual([EMPTY]);
  });

  it("that nests without end is malformed, and costs no time", () => {
    const deep = `data: {"type":"message_delta","usage":${"[".repeat(500_000)}\n\n`;
    expect(eventsOf(anthropicMessages.createStreamParser(), encoder.encode(deep)).map(said)).toEqual([
      { type: "malformed" },
    ]);
  });

  it("of a host that throws when touched is none", () => {
    const event = emptyStreamEvent();
    const throwing = {
      get type(): string {
        throw new Error("hostile");
      },
    };
    const inside = { type: "content_block_delta", delta: throwing };
    expect(anthropicMessages.readChunk(throwing, event)).toBe(false);
    expect(anthropicMessages.readChunk(inside, event)).toBe(false);
  });
});

describe("a request for a message", () => {
  it("tells model, stream and parameters, never content", () => {
    expect(
      anthropicMessages.readRequest({
        model: SONNET,
        stream: true,
        max_tokens: 1024,
        temperature: 1,
        top_p: 0.9,
        top_k: 40,
        stop_sequences: ["END"],
        thinking: { type: "enabled", budget_tokens: 2048 },
        output_config: { effort: "high" },
        system: "secret",
        messages: [{ role: "user", content: "secret" }],
        metadata: { user_id: "secret" },
      }),
    ).toEqual({
      model: SONNET,
      stream: true,
      parameters: {
        "gen_ai.request.max_tokens": 1024,
        "gen_ai.request.temperature": 1,
        "gen_ai.request.top_p": 0.9,
        "gen_ai.request.top_k": 40,
        "gen_ai.request.stop_sequences": ["END"],
        "gen_ai.request.reasoning.level": "high",
        "llm.request.reasoning_budget_tokens": 2048,
      },
    });
    expect(
      anthropicMessages.readRequest({ model: "", stream: 1, thinking: { type: "disabled" }, stop_sequences: [1] }),
    ).toEqual({ stream: false, parameters: {} });
  });
});

describe("a whole message", () => {
  const usage = { input_tokens: 5, cache_read_input_tokens: 3, cache_creation_input_tokens: null, output_tokens: 7 };

  it("tells finish reason, usage, model and bytes of all blocks", () => {
    const content = [
      { type: "thinking", thinking: "hmm", signature: "s" },
      { type: "redacted_thinking", data: "opaque" },
      { type: "text", text: "你好", citations: null },
      { type: "tool_use", id: "t", name: "f", input: { a: 1 } },
      { type: "web_search_tool_result", content: [{ title: "x" }] },
    ];
    const body = { id: "msg_1", type: "message", model: OPUS, stop_reason: "tool_use", content, usage };
    expect(anthropicMessages.readResponse(body)).toEqual({
      responseId: "msg_1",
      responseModel: OPUS,
      finishReasons: ["tool_use"],
      usage: { inputTokens: 8, outputTokens: 7, cacheReadTokens: 3 },
      outputBytes: 3 + 6 + 1 + 7,
      choiceCount: 1,
    });
  });

  it("may be an error, or no more than its usage", () => {
    const error = { type: "error", error: { type: "authentication_error", message: "sk-x" }, request_id: "req_1" };
    expect(anthropicMessages.readResponse(error)).toEqual({
      finishReasons: [],
      fault: { errorType: "auth", code: "authentication_error" },
      outputBytes: 0,
      choiceCount: 0,
    });
    expect(anthropicMessages.readResponse({ choices: [], usage })?.usage).toMatchObject({ outputTokens: 7 });
  });

  it("is none in another format", () => {
    expect(anthropicMessages.readResponse({ object: "response", output: [], usage })).toBeUndefined();
    expect(anthropicMessages.readResponse({ object: "chat.completion", choices: [] })).toBeUndefined();
    expect(anthropicMessages.readResponse({ choices: [], usage: { prompt_tokens: 1 } })).toBeUndefined();
  });
});
