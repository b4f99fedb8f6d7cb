import { describe, expect, it } from "vitest";
import { openaiResponses } from "./openai-responses.ts";
import { DELTA_KIND_BIT, type DeltaKind, type StreamEvent } from "./provider.ts";
import { describeProvider, fixture, timingsOf } from "./provider-suite.testing.ts";

type Said = Partial<StreamEvent>;

const encoder = new TextEncoder();

/** An event that belongs to the response. */
function ofResponse(fields: Said = {}): Said {
  return { type: "chunk", choiceCount: 1, ...fields };
}

function output(kind: DeltaKind, outputBytes: number): Said {
  return ofResponse({ kind, kinds: DELTA_KIND_BIT[kind], outputBytes });
}

const EMPTY = ofResponse();
const DONE: Said = { type: "done" };
const REASONS = ofResponse({ reasoningForm: "redacted" });
const GPT_4O = "gpt-4o-2024-08-06";
const GPT_5 = "gpt-5.1-2025-11-13";
const O4_MINI = "o4-mini-2025-04-16";
const QWEN = "Qwen/Qwen3-8B";

/** `response.created` and `response.in_progress`. */
function opening(responseModel: string, responseId: string): readonly Said[] {
  return [ofResponse({ responseModel, responseId }), ofResponse({ responseModel, responseId })];
}

function empties(count: number): readonly Said[] {
  return Array.from({ length: count }, () => EMPTY);
}

function summary(outputBytes: number): Said {
  return { ...output("reasoning", outputBytes), reasoningForm: "summary" };
}

describeProvider({
  provider: openaiResponses,
  fixtures: [
    {
      file: "responses-text.sse",
      title: "text with umlaut and escapes, done events that repeat it, a keepalive, usage with details",
      events: [
        ...opening(GPT_4O, "resp_text"),
        ...empties(2),
        output("text", 5),
        output("text", 8),
        output("text", 4),
        ...empties(3),
        ofResponse({
          responseModel: GPT_4O,
          responseId: "resp_text",
          finishReason: "completed",
          usage: { inputTokens: 37, outputTokens: 11, cacheReadTokens: 16, cacheWriteTokens: 20, reasoningTokens: 0 },
        }),
        DONE,
      ],
    },
    {
      file: "responses-tools.sse",
      title: "calls of a function, a custom tool, an MCP server and the code interpreter",
      events: [
        ...opening(GPT_5, "resp_tools"),
        output("tool", 11),
        output("tool", 2),
        output("tool", 15),
        ...empties(2),
        output("tool", 5),
        output("tool", 5),
        ...empties(2),
        output("tool", 6),
        EMPTY,
        output("tool", 7),
        ...empties(3),
        output("tool", 3),
        ofResponse({
          responseModel: GPT_5,
          responseId: "resp_tools",
          finishReason: "completed",
          usage: { inputTokens: 310, outputTokens: 52, cacheReadTokens: 0, reasoningTokens: 0 },
        }),
        DONE,
      ],
    },
    {
      file: "responses-summary.sse",
      title: "encrypted reasoning with a summary",
      events: [
        ...opening(O4_MINI, "resp_summary"),
        REASONS,
        EMPTY,
        summary(8),
        summary(14),
        ...empties(5),
        output("text", 1),
        output("text", 1),
        ofResponse({
          responseModel: O4_MINI,
          responseId: "resp_summary",
          finishReason: "completed",
          usage: { inputTokens: 20, outputTokens: 135, cacheReadTokens: 0, reasoningTokens: 128 },
        }),
        DONE,
      ],
    },
    {
      file: "responses-hidden.sse",
      title: "a reasoning item without text",
      events: [
        ...opening(O4_MINI, "resp_hidden"),
        REASONS,
        ...empties(3),
        output("text", 1),
        output("text", 2),
        output("text", 1),
        ofResponse({
          responseModel: O4_MINI,
          responseId: "resp_hidden",
          finishReason: "completed",
          usage: { inputTokens: 20, outputTokens: 67, cacheReadTokens: 0, reasoningTokens: 64 },
        }),
        DONE,
      ],
    },
    {
      file: "responses-kinds.sse",
      title: "refusal, audio, its transcript, and an image",
      events: [
        ...opening(GPT_4O, "resp_refusal"),
        ...empties(2),
        output("refusal", 5),
        output("refusal", 3),
        EMPTY,
        output("audio", 8),
        output("audio", 2),
        output("audio", 8),
        ofResponse({
          responseModel: GPT_4O,
          responseId: "resp_refusal",
          finishReason: "completed",
          usage: { inputTokens: 9, outputTokens: 8, cacheReadTokens: 0, reasoningTokens: 0 },
        }),
        DONE,
      ],
    },
    {
      file: "responses-incomplete.sse",
      title: "an answer that reached its limit",
      events: [
        ...opening(GPT_4O, "resp_short"),
        ...empties(2),
        output("text", 9),
        output("text", 7),
        ofResponse({
          responseModel: GPT_4O,
          responseId: "resp_short",
          finishReason: "max_output_tokens",
          usage: { inputTokens: 9, outputTokens: 16, cacheReadTokens: 0, reasoningTokens: 0 },
        }),
        DONE,
      ],
    },
    {
      file: "responses-interrupted.sse",
      title: "a stream cut before its end",
      events: [...opening(GPT_4O, "resp_cut"), ...empties(2), output("text", 9), output("text", 7)],
    },
    {
      file: "responses-failed.sse",
      title: "response.failed",
      events: [
        ...opening(GPT_4O, "resp_failed"),
        {
          type: "error",
          choiceCount: 1,
          responseModel: GPT_4O,
          responseId: "resp_failed",
          fault: { errorType: "server_error", code: "server_error" },
        },
        DONE,
      ],
    },
    {
      file: "responses-error.sse",
      title: "an error event as it is sent, its members under error",
      events: [
        ...opening(GPT_4O, "resp_error"),
        { type: "error", fault: { errorType: "rate_limited", code: "rate_limit_exceeded" } },
      ],
    },
    {
      file: "responses-error-flat.sse",
      title: "an error event as it is documented, flat",
      events: [
        ...opening(GPT_4O, "resp_flat"),
        { type: "error", fault: { errorType: "server_error", code: "server_error" } },
      ],
    },
    {
      file: "responses-vllm.sse",
      title: "vLLM: reasoning in full, metrics, a second marker",
      events: [
        ...opening(QWEN, "resp_vllm"),
        REASONS,
        EMPTY,
        output("reasoning", 3),
        output("reasoning", 3),
        ...empties(4),
        output("text", 3),
        output("text", 1),
        ofResponse({
          responseModel: QWEN,
          responseId: "resp_vllm",
          finishReason: "completed",
          usage: { inputTokens: 12, outputTokens: 5, cacheReadTokens: 8, reasoningTokens: 2 },
          serverTimings: {
            queueSeconds: 0.0035,
            prefillSeconds: 0.042,
            decodeSeconds: 0.08,
            interTokenSeconds: 0.02,
            endToEndRateTokensPerSecond: 41,
          },
        }),
        DONE,
      ],
    },
  ],
});

function bytesOf(...frames: readonly object[]): Uint8Array {
  return encoder.encode(frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join(""));
}

describe("the clock of a response", () => {
  const timings = (file: string): ReturnType<typeof timingsOf> => timingsOf(openaiResponses, fixture(file));

  it("takes the counts of the last event", () => {
    expect(timings("responses-text.sse")).toMatchObject({
      outcome: "ok",
      outputTokens: 11,
      tokenSource: "usage",
      reasoningVisibility: "none",
      finishReasons: ["completed"],
      outputBytes: 17,
      countedChunkCount: 3,
    });
  });

  it("begins its window behind a reasoning summary, and leaves the reasoning out of it", () => {
    const summary = timings("responses-summary.sse");
    expect(summary).toMatchObject({
      outputTokens: 135,
      reasoningVisibility: "summary",
      firstTokenMicros: 580_000,
      firstAnswerTokenMicros: 720_000,
      firstChunkTokens: 4,
    });
    // 7 tokens behind 128 of reasoning, half of them (by bytes) in the first chunk; 20 ms between the two chunks.
    expect(summary.generationRateTokensPerSecond).toBeCloseTo(150, 6);
  });

  it("leaves hidden reasoning out of its window", () => {
    const hidden = timings("responses-hidden.sse");
    expect(hidden).toMatchObject({ outputTokens: 67, reasoningVisibility: "hidden", firstTokenMicros: 620_000 });
    expect(hidden.generationRateTokensPerSecond).toBeCloseTo(50, 6);
  });

  it("takes reasoning text for all of the reasoning", () => {
    expect(timings("responses-vllm.sse")).toMatchObject({
      outcome: "ok",
      outputTokens: 5,
      reasoningVisibility: "streamed",
      firstTokenMicros: 580_000,
      firstAnswerTokenMicros: 700_000,
    });
  });

  it("has a reasoning item without a token for no reasoning", () => {
    const usage = { output_tokens: 2, output_tokens_details: { reasoning_tokens: 0 } };
    const bytes = bytesOf(
      { type: "response.output_item.added", item: { type: "reasoning" } },
      { type: "response.output_text.delta", delta: "ok" },
      { type: "response.completed", response: { usage } },
    );
    expect(timingsOf(openaiResponses, bytes).reasoningVisibility).toBe("none");
  });

  it("estimates an interrupted stream, which has no normal end", () => {
    expect(timings("responses-interrupted.sse")).toMatchObject({
      outcome: "error",
      outputTokens: 4,
      tokenSource: "estimate",
      finishReasons: [],
      choiceCount: 1,
    });
    expect(timings("responses-interrupted.sse")).not.toHaveProperty("usage");
  });

  it("ends normally at a limit, and in an error when the response failed", () => {
    expect(timings("responses-incomplete.sse")).toMatchObject({ outcome: "ok", finishReasons: ["max_output_tokens"] });
    for (const file of ["responses-failed.sse", "responses-error.sse", "responses-error-flat.sse"]) {
      expect(timings(file)).toMatchObject({ outcome: "error", finishReasons: [] });
    }
  });

  it("has seen no normal end by the marker alone", () => {
    const marker = encoder.encode("data: [DONE]\n\n");
    expect(timingsOf(openaiResponses, marker).outcome).toBe("error");
  });
});
