import { describe, expect, it } from "vitest";
import { anthropicMessages } from "./anthropic-messages.ts";
import { DELTA_KIND_BIT, type DeltaKind, type StreamEvent } from "./provider.ts";
import { describeProvider, fixture, timingsOf } from "./provider-suite.testing.ts";

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
