import { describe, expect, it } from "vitest";
import { LIMITS } from "../limits.ts";
import { openaiResponses } from "./openai-responses.ts";
import { DELTA_KIND_BIT, emptyStreamEvent, type DeltaKind, type StreamEvent } from "./provider.ts";
import { eventsOf, said } from "./provider-suite.testing.ts";

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
const GPT_5 = "gpt-5.1-2025-11-13";
const QWEN = "Qwen/Qwen3-8B";

/** Events of frames that are given as objects. */
function eventsOfFrames(...frames: readonly object[]): readonly Said[] {
  const text = frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join("");
  return eventsOf(openaiResponses.createStreamParser(), encoder.encode(text)).map(said);
}

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
