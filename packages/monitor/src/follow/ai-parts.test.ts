import { DELTA_KIND_BIT, emptyStreamEvent, type StreamEvent } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import { createAiParts } from "./ai-parts.ts";

function read(part: unknown, parts = createAiParts()): StreamEvent | undefined {
  const event = emptyStreamEvent();
  return parts.readChunk(part, event) ? event : undefined;
}

describe("parts of the AI SDK", () => {
  it.each([
    [{ type: "text-delta", id: "1", delta: "wörld" }, "text", 6],
    [{ type: "text-delta", id: "1", text: "Hi" }, "text", 2],
    [{ type: "reasoning-delta", id: "1", delta: "hm" }, "reasoning", 2],
    [{ type: "tool-input-start", id: "1", toolName: "look" }, "tool", 4],
    [{ type: "tool-input-delta", id: "1", delta: '{"a":' }, "tool", 5],
    [{ type: "tool-call", toolCallId: "2", toolName: "look", input: "{}" }, "tool", 6],
    [{ type: "tool-call", toolCallId: "2", toolName: "look", input: { a: 1 } }, "tool", 11],
    [{ type: "file", mediaType: "image/png", data: new Uint8Array(9) }, "audio", 9],
  ] as const)("counts %j", (part, kind, outputBytes) => {
    expect(read(part)).toMatchObject({ kind, kinds: DELTA_KIND_BIT[kind], outputBytes });
  });

  it("counts a tool call once when its arguments were streamed", () => {
    const parts = createAiParts();
    read({ type: "tool-input-start", id: "c1", toolName: "look" }, parts);
    expect(read({ type: "tool-call", toolCallId: "c1", toolName: "look", input: "{}" }, parts)?.kinds).toBe(0);
    expect(read({ type: "tool-call", toolCallId: "c2", toolName: "look", input: "{}" }, parts)?.kinds).not.toBe(0);
  });

  it("reads usage of all versions, and leaves out what they do not say", () => {
    const second = { inputTokens: 5, outputTokens: 7, totalTokens: 12, reasoningTokens: 3, cachedInputTokens: 2 };
    const third = {
      inputTokens: { total: 5, noCache: 3, cacheRead: 2, cacheWrite: undefined },
      outputTokens: { total: 7, text: 4, reasoning: 3 },
    };
    const usage = { inputTokens: 5, outputTokens: 7, cacheReadTokens: 2, reasoningTokens: 3 };
    expect(read({ type: "finish", usage: second, finishReason: "stop" })?.usage).toEqual(usage);
    expect(read({ type: "finish", usage: third, finishReason: { unified: "stop", raw: "end" } })?.usage).toEqual(usage);
    const nothing = { inputTokens: undefined, outputTokens: { total: undefined } };
    expect(read({ type: "finish", usage: nothing, finishReason: "stop" })?.usage).toBeUndefined();
  });

  it("takes a count of 0 that the provider did not give for none, and the provider's own count where there is one", () => {
    const finish = (raw: unknown, reasoning: number): unknown => {
      const outputTokens = { total: 7, text: 7, reasoning };
      return read({ type: "finish", usage: { outputTokens, raw }, finishReason: "stop" })?.usage;
    };
    expect(finish({ output_tokens: 7 }, 0)).toEqual({ outputTokens: 7 });
    expect(finish({ output_tokens_details: { reasoning_tokens: 0 } }, 0)).toEqual({
      outputTokens: 7,
      reasoningTokens: 0,
    });
    expect(finish({ output_tokens_details: { thinking_tokens: 3 } }, 0)).toEqual({
      outputTokens: 7,
      reasoningTokens: 3,
    });
    const completion_tokens_details = { reasoning_tokens: 2, rejected_prediction_tokens: 1 };
    expect(finish({ completion_tokens_details }, 2)).toEqual({
      outputTokens: 7,
      reasoningTokens: 2,
      rejectedPredictionTokens: 1,
    });
    expect(finish({ tokens: 7 }, 4)).toEqual({ outputTokens: 7, reasoningTokens: 4 });
  });

  it("says that reasoning is a summary where the model or its answer says so, and that a block without text hides it", () => {
    const delta = { type: "reasoning-delta", id: "1", delta: "hm" };
    expect(read(delta)?.reasoningForm).toBeUndefined();
    expect(read(delta, createAiParts({ summarisesReasoning: true }))?.reasoningForm).toBe("summary");
    const parts = createAiParts();
    read({ type: "response-metadata", modelId: "claude-sonnet-4-5" }, parts);
    expect(read(delta, parts)?.reasoningForm).toBe("summary");
    expect(read({ type: "reasoning-start", id: "1" })).toMatchObject({ kinds: 0, reasoningForm: "redacted" });
  });

  it.each([
    ["stop", "stop"],
    ["unknown", undefined],
    [{ unified: "stop", raw: "end_turn" }, "end_turn"],
    [{ unified: "length", raw: undefined }, "length"],
    [{ unified: "other", raw: undefined }, undefined],
    [{ unified: "other", raw: "pause_turn" }, "pause_turn"],
    [undefined, undefined],
  ])("reads finish reason %j as %s", (finishReason, expected) => {
    expect(read({ type: "finish", finishReason })?.finishReason).toBe(expected);
  });

  it("maps what an error part holds, whatever that is", () => {
    const fault = (error: unknown): unknown => read({ type: "error", error })?.fault?.errorType;
    expect(fault({ type: "overloaded_error" })).toBe("overloaded");
    expect(fault(Object.assign(new Error("x"), { statusCode: 429 }))).toBe("rate_limited");
    expect(fault("something")).toBe("stream_error");
    expect(read({ type: "error", error: new DOMException("x", "AbortError") })?.type).toBe("chunk");
  });

  it("knows no other objects", () => {
    for (const other of [undefined, 1, "text", {}, { type: 7 }, { type: "message_start" }, { type: "toString" }])
      expect(read(other)).toBeUndefined();
  });
});
