import { describe, expect, it } from "vitest";
import { LIMITS } from "../limits.ts";
import { openaiResponses } from "./openai-responses.ts";
import { DELTA_KIND_BIT, emptyStreamEvent, type DeltaKind, type StreamEvent } from "./provider.ts";
import { describeProvider, eventsOf, fixture, said, timingsOf } from "./provider-suite.testing.ts";

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
        ...empties(2),
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
        EMPTY,
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
      events: [...opening(GPT_4O, "resp_cut"), EMPTY, output("text", 9), output("text", 7)],
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

/** Events of frames that are given as objects. */
function eventsOfFrames(...frames: readonly object[]): readonly Said[] {
  return eventsOf(openaiResponses.createStreamParser(), bytesOf(...frames)).map(said);
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
    expect(hidden).toMatchObject({ outputTokens: 67, reasoningVisibility: "hidden", firstTokenMicros: 600_000 });
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

describe("an event of a response", () => {
  it("is skipped when its type is of no response, and malformed without a type", () => {
    expect(eventsOfFrames({ type: "keepalive" }, { type: "thread.created" }, { choices: [] }, [1])).toEqual([
      { type: "malformed" },
      { type: "malformed" },
    ]);
    expect(eventsOfFrames({ type: "response.shiny.delta", delta: "x" })).toEqual([EMPTY]);
  });

  it("says nothing that is counted when its members have the wrong types", () => {
    const frames = [
      { type: "response.output_text.delta", delta: { text: "x" } },
      { type: "response.output_text.delta" },
      { type: "response.reasoning_summary_text.delta", delta: "" },
      { type: "response.output_item.added", item: { type: "function_call", name: 5 } },
      { type: "response.output_item.added", item: "function_call" },
      { type: "response.created", response: [] },
      { type: "response.created", response: { id: 1, model: "", usage: { input_tokens: -1 }, metrics: 5 } },
    ];
    expect(eventsOfFrames(...frames)).toEqual(frames.map(() => EMPTY));
  });

  it("names its end by the status when nothing else does", () => {
    const last = (type: string, response: object): string | undefined =>
      eventsOfFrames({ type, response })[0]?.finishReason;
    expect(last("response.completed", {})).toBe("completed");
    expect(last("response.completed", { status: "incomplete" })).toBe("incomplete");
    expect(last("response.incomplete", { incomplete_details: { reason: "content_filter" } })).toBe("content_filter");
    expect(last("response.incomplete", { incomplete_details: null, status: null })).toBe("incomplete");
  });

  it("is an error by its status, its name or an error member alone", () => {
    const faults = eventsOfFrames(
      { type: "response.completed", response: { status: "failed", error: { code: "invalid_image_url" } } },
      { type: "response.failed" },
      { error: { type: "insufficient_quota", code: "credit_balance_exhausted" } },
      { type: "error", code: null, message: "x" },
    ).flatMap(({ fault }) => (fault === undefined ? [] : [fault]));
    expect(faults).toEqual([
      { errorType: "invalid_request", code: "invalid_image_url" },
      { errorType: "server_error" },
      { errorType: "quota", code: "credit_balance_exhausted" },
      { errorType: "stream_error" },
    ]);
    const named = encoder.encode('event: error\ndata: {"message":"x","type":"overloaded_error"}\n\n');
    expect(eventsOf(openaiResponses.createStreamParser(), named).map(said)).toEqual([
      { type: "error", fault: { errorType: "overloaded", code: "overloaded_error" } },
    ]);
  });

  it("beyond the bound is classified by its beginning", () => {
    const long = "x".repeat(2 * LIMITS.observerLineBytes);
    const [image, text, summary, completed, done, ...rest] = eventsOfFrames(
      { type: "response.image_generation_call.partial_image", partial_image_b64: long },
      { type: "response.output_text.delta", delta: long },
      { type: "response.reasoning_summary_text.delta", delta: long },
      { type: "response.completed", response: { output: [long] } },
      { object: long },
      { type: "response.output_text.delta", delta: "ok" },
    );
    expect([image, text, summary].map((event) => [event?.kind, event?.reasoningForm])).toEqual([
      ["audio", undefined],
      ["text", undefined],
      ["reasoning", "summary"],
    ]);
    expect(text?.outputBytes).toBeGreaterThan(LIMITS.observerLineBytes - 200);
    expect([completed, done]).toEqual([ofResponse({ finishReason: "completed" }), DONE]);
    expect(rest).toEqual([{ type: "malformed" }, output("text", 2)]);
  });

  it("that nests without end is malformed, and costs no time", () => {
    const deep = `data: {"type":"response.completed","response":${'{"a":'.repeat(100_000)}\n\n`;
    expect(eventsOf(openaiResponses.createStreamParser(), encoder.encode(deep)).map(said)).toEqual([
      { type: "malformed" },
    ]);
  });

  it("of a host that throws when touched is none", () => {
    const event = emptyStreamEvent();
    const throwing = {
      get usage(): object {
        throw new Error("hostile");
      },
    };
    expect(openaiResponses.readChunk({ type: "response.completed", response: throwing }, event)).toBe(false);
    expect(openaiResponses.readChunk({ type: "text-delta", text: "of another library" }, event)).toBe(false);
  });
});

describe("a request for a response", () => {
  it("tells model, stream and parameters, never content", () => {
    expect(
      openaiResponses.readRequest({
        model: GPT_5,
        stream: true,
        max_output_tokens: 500,
        temperature: 0.2,
        top_p: 0.9,
        reasoning: { effort: "low", summary: "auto" },
        instructions: "secret",
        input: "secret",
        user: "secret",
      }),
    ).toEqual({
      model: GPT_5,
      stream: true,
      parameters: {
        "gen_ai.request.max_tokens": 500,
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.top_p": 0.9,
        "gen_ai.request.reasoning.level": "low",
      },
    });
    expect(openaiResponses.readRequest({ stream: null, max_output_tokens: "5", reasoning: null })).toEqual({
      stream: false,
      parameters: {},
    });
  });
});

describe("a whole response", () => {
  const usage = { input_tokens: 5, output_tokens: 7, input_tokens_details: null };

  it("tells how it ended, usage, model, timings and bytes of what the model wrote", () => {
    const items = [
      { type: "reasoning", summary: [{ type: "summary_text", text: "why" }], encrypted_content: "opaque" },
      {
        type: "message",
        content: [
          { type: "output_text", text: "你好", annotations: [{}] },
          { type: "refusal", refusal: "no" },
        ],
      },
      { type: "function_call", name: "f", arguments: "{}", call_id: "call_1" },
      { type: "custom_tool_call", name: "c", input: "in" },
      { type: "code_interpreter_call", code: "1+1", outputs: [{ logs: "2" }] },
      { type: "local_shell_call", action: { command: ["ls"] } },
      { type: "image_generation_call", result: "iVBO" },
      { type: "function_call_output", output: "not the model's" },
      "junk",
    ];
    const body = {
      id: "resp_1",
      object: "response",
      model: QWEN,
      status: "completed",
      error: null,
      incomplete_details: null,
      output: items,
      usage,
      metrics: { generation_time_ms: 80 },
    };
    expect(openaiResponses.readResponse(body)).toEqual({
      responseId: "resp_1",
      responseModel: QWEN,
      finishReasons: ["completed"],
      usage: { inputTokens: 5, outputTokens: 7 },
      serverTimings: { decodeSeconds: 0.08 },
      outputBytes: 3 + 6 + 2 + 3 + 3 + 3 + 18 + 4,
      choiceCount: 1,
    });
  });

  it("may have failed, be an error, not be there yet, or be no more than its usage", () => {
    const failed = { object: "response", status: "failed", error: { code: "boom", message: "x" }, output: [] };
    expect(openaiResponses.readResponse(failed)).toMatchObject({
      finishReasons: [],
      fault: { errorType: "server_error", code: "boom" },
    });
    const error = { error: { type: "invalid_request_error", code: null, message: "x" } };
    expect(openaiResponses.readResponse(error)?.fault).toEqual({
      errorType: "invalid_request",
      code: "invalid_request_error",
    });
    expect(openaiResponses.readResponse({ object: "response", status: "queued", output: [] })?.finishReasons).toEqual(
      [],
    );
    expect(openaiResponses.readResponse({ choices: [], usage })?.usage).toEqual({ inputTokens: 5, outputTokens: 7 });
  });

  it("is none in another format", () => {
    expect(openaiResponses.readResponse({ type: "message", content: [], usage })).toBeUndefined();
    expect(openaiResponses.readResponse({ object: "chat.completion", choices: [] })).toBeUndefined();
  });
});
