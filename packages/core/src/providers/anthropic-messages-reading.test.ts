import { describe, expect, it } from "vitest";
import { LIMITS } from "../limits.ts";
import { anthropicMessages } from "./anthropic-messages.ts";
import { DELTA_KIND_BIT, emptyStreamEvent, type DeltaKind, type StreamEvent } from "./provider.ts";
import { eventsOf, said } from "./provider-suite.testing.ts";

type Said = Partial<StreamEvent>;

const encoder = new TextEncoder();

/** An event that belongs to the message. */
function ofMessage(fields: Said = {}): Said {
  return { type: "chunk", choiceCount: 1, ...fields };
}

function output(kind: DeltaKind, outputBytes: number): Said {
  return ofMessage({ kind, kinds: DELTA_KIND_BIT[kind], outputBytes });
}

const EMPTY = ofMessage();
const SONNET = "claude-sonnet-4-5-20250929";
const OPUS = "claude-opus-4-5-20251101";

/** Events of frames that are given as objects. */
function eventsOfFrames(...frames: readonly object[]): readonly Said[] {
  const text = frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join("");
  return eventsOf(anthropicMessages.createStreamParser(), encoder.encode(text)).map(said);
}

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
