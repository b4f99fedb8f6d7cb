import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../limits.ts";
import { createTokenClock } from "../token-clock.ts";
import { ollama } from "./ollama.ts";
import { DELTA_KIND_BIT, emptyStreamEvent, type DeltaKind, type StreamEvent } from "./provider.ts";
import { eventsOf, said } from "./provider-suite.testing.ts";

type Said = Partial<StreamEvent>;

const encoder = new TextEncoder();

function fixture(file: string): Uint8Array {
  return readFileSync(new URL(`fixtures/${file}`, import.meta.url));
}

function parse(bytes: Uint8Array, cuts?: readonly number[]): readonly StreamEvent[] {
  return eventsOf(ollama.createStreamParser(), bytes, cuts);
}

const parseText = (text: string): readonly StreamEvent[] => parse(encoder.encode(text));

function output(kind: DeltaKind, outputBytes: number): Said {
  return { kind, kinds: DELTA_KIND_BIT[kind], outputBytes };
}

function chunks(responseModel: string): (more: Said) => Said {
  return (more) => ({ type: "chunk", choiceCount: 1, responseModel, ...more });
}

const llama = chunks("llama3.2");
const qwen = chunks("qwen3:8b");
const coder = chunks("codellama:code");
const DONE: Said = { type: "done" };

const STREAMS: readonly { file: string; title: string; events: readonly Said[] }[] = [
  {
    file: "ollama-chat.ndjson",
    title: "text, then one object with counts and durations, which is the end",
    events: [
      llama(output("text", 5)),
      llama(output("text", 12)),
      llama(output("text", 1)),
      llama({
        finishReason: "stop",
        usage: { inputTokens: 26, outputTokens: 8 },
        serverTimings: {
          loadSeconds: 1.334875,
          prefillSeconds: 0.342546,
          decodeSeconds: 0.16,
          totalSeconds: 4.883583458,
          decodeRateTokensPerSecond: 50,
        },
      }),
      DONE,
    ],
  },
  {
    file: "ollama-thinking.ndjson",
    title: "thinking, text, a tool call; a duration that is left out is 0",
    events: [
      qwen(output("reasoning", 8)),
      qwen(output("reasoning", 12)),
      qwen(output("text", 12)),
      qwen(output("tool", 36)),
      qwen({
        finishReason: "stop",
        usage: { inputTokens: 161, outputTokens: 52 },
        serverTimings: {
          loadSeconds: 0,
          prefillSeconds: 0.2,
          decodeSeconds: 0.65,
          totalSeconds: 0.9,
          decodeRateTokensPerSecond: 80,
        },
      }),
      DONE,
    ],
  },
  {
    file: "ollama-generate.ndjson",
    title: "a completion of a server that gives no reason for its end",
    events: [
      coder(output("text", 9)),
      coder(output("text", 2)),
      coder({
        finishReason: "done",
        usage: { inputTokens: 17, outputTokens: 3 },
        serverTimings: {
          loadSeconds: 0.006683708,
          prefillSeconds: 0.201222,
          decodeSeconds: 0.053997,
          totalSeconds: 1.16276125,
          decodeRateTokensPerSecond: 3 / 0.053997,
        },
      }),
      DONE,
    ],
  },
  {
    file: "ollama-error.ndjson",
    title: "an error line behind a piece of text",
    events: [llama(output("text", 4)), { type: "error", fault: { errorType: "stream_error" } }],
  },
];

describe("a stream of Ollama's", () => {
  it.each(STREAMS)("$file: $title", ({ file, events }) => {
    expect(parse(fixture(file)).map(said)).toEqual(events);
  });

  it.each(STREAMS)("$file gives the same events for every split in two", ({ file }) => {
    const bytes = fixture(file);
    const whole = parse(bytes);
    for (let cut = 0; cut <= bytes.length; cut += 1) expect(parse(bytes, [cut])).toEqual(whole);
  });

  it.each(STREAMS)("$file gives the same events byte by byte, with CRLF, without its last line end", ({ file }) => {
    const bytes = fixture(file);
    const whole = parse(bytes);
    expect(parse(bytes, Array.from(bytes.keys()))).toEqual(whole);
    const text = new TextDecoder().decode(bytes).trimEnd().replaceAll("\n", "\r\n");
    expect(parseText(`\uFEFF${text}`)).toEqual(whole);
  });

  it.each(STREAMS)("$file gives the same chunks when a client library has parsed it", ({ file }) => {
    const lines = new TextDecoder().decode(fixture(file)).trimEnd().split("\n");
    const read = lines.map((line) => {
      const event = emptyStreamEvent();
      expect(ollama.readChunk(JSON.parse(line), event)).toBe(true);
      return event;
    });
    expect(read).toEqual(parse(fixture(file)).filter(({ type }) => type !== "done"));
  });

  it("counts images, and passes over progress", () => {
    const events = parseText(
      [
        '{"model":"m","message":{"role":"assistant","content":"","images":["AAAA"]},"done":false}',
        '{"model":"m","response":"","image":"AAAAAA","done":false}',
        '{"model":"m","completed":3,"total":20,"done":false}',
      ].join("\n"),
    );
    expect(events.map(({ kind, outputBytes }) => [kind, outputBytes])).toEqual([
      ["audio", 4],
      ["audio", 6],
      [undefined, 0],
    ]);
  });

  it("says nothing of the durations of an unloaded model, or of one that is not done", () => {
    const timings = (line: string): unknown => parseText(line)[0]?.serverTimings;
    expect(timings('{"model":"m","response":"","done":true,"done_reason":"unload"}')).toBeUndefined();
    expect(timings('{"model":"m","response":"","done":false,"load_duration":1000000000}')).toEqual({ loadSeconds: 1 });
    expect(timings('{"model":"m","done":true,"eval_count":5,"total_duration":1000000000}')).toEqual({
      loadSeconds: 0,
      prefillSeconds: 0,
      decodeSeconds: 0,
      totalSeconds: 1,
    });
  });

  it("counts what is not JSON, and goes on", () => {
    const events = parseText('{"model":"m","response":"ok","done":false}\n<html>\n[1]\n{"response":"ok"}\n');
    expect(events.map(({ type, outputBytes }) => [type, outputBytes])).toEqual([
      ["chunk", 2],
      ["malformed", 0],
      ["malformed", 0],
      ["chunk", 2],
    ]);
  });

  it("reads what a line beyond the bound says beside its image", () => {
    const line = { model: "m", image: "A".repeat(2 * LIMITS.observerLineBytes), done: true, done_reason: "stop" };
    const [first, second] = parseText(`${JSON.stringify({ ...line, total_duration: 2e9 })}\n`);
    expect(first).toMatchObject({ kind: "audio", finishReason: "stop", serverTimings: { totalSeconds: 2 } });
    expect(first?.outputBytes).toBeGreaterThan(0.99 * LIMITS.observerLineBytes);
    expect(second).toMatchObject({ type: "done" });
  });

  it("classifies a line that was broken off by its beginning, and is right again behind it", () => {
    const long = "x".repeat(2 * LIMITS.observerLineBytes);
    const good = '{"model":"m","response":"ok","done":false}';
    for (const [member, kind] of [
      ["thinking", "reasoning"],
      ["content", "text"],
      ["image", "audio"],
    ]) {
      const [first, second] = parseText(`{"model":"m","${member}":"${long}\n${good}`);
      expect(first).toMatchObject({ type: "chunk", kind, choiceCount: 1 });
      expect(first?.outputBytes).toBeGreaterThan(0.99 * LIMITS.observerLineBytes);
      expect(second).toMatchObject({ type: "chunk", outputBytes: 2 });
    }
    expect(parseText(long).map(({ type }) => type)).toEqual(["malformed"]);
  });

  it("never throws on bytes that are no stream", () => {
    const piece = fc.constantFrom("{", "}", '"message":', '"done":true', "\n", "[", "]", ",", '"error":"x"', "\\", "1");
    fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => void parseText(pieces.join(""))));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void parse(bytes)));
  });

  it("is one answer to the clock", () => {
    const clock = createTokenClock();
    parse(fixture("ollama-thinking.ndjson")).forEach((event, i) => clock.record(event, 100_000 * (i + 1)));
    expect(clock.finish({ outcome: "ok", endMicros: 600_000, streaming: true })).toMatchObject({
      reasoningVisibility: "streamed",
      firstTokenMicros: 100_000,
      firstAnswerTokenMicros: 300_000,
      firstToolCallMicros: 400_000,
      outputTokens: 52,
      tokenSource: "usage",
      finishReasons: ["stop"],
    });
    expect(clock.serverTimings?.decodeRateTokensPerSecond).toBe(80);
  });
});

describe("a request to Ollama", () => {
  it("streams unless it says otherwise, and tells its parameters, never content", () => {
    expect(
      ollama.readRequest({
        model: "llama3.2",
        messages: [{ role: "user", content: "secret" }],
        think: "high",
        options: {
          temperature: 0.5,
          top_p: 0.9,
          top_k: 40,
          seed: 7,
          num_predict: 100,
          stop: ["\n", "user:"],
          presence_penalty: 0.1,
          frequency_penalty: 0.2,
        },
      }),
    ).toEqual({
      model: "llama3.2",
      stream: true,
      parameters: {
        "gen_ai.request.max_tokens": 100,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.top_p": 0.9,
        "gen_ai.request.top_k": 40,
        "gen_ai.request.seed": 7,
        "gen_ai.request.stop_sequences": ["\n", "user:"],
        "gen_ai.request.frequency_penalty": 0.2,
        "gen_ai.request.presence_penalty": 0.1,
        "gen_ai.request.reasoning.level": "high",
      },
    });
    expect(ollama.readRequest({ stream: false, think: true, options: { num_predict: -1, stop: "x" } })).toEqual({
      stream: false,
      parameters: { "gen_ai.request.stop_sequences": ["x"] },
    });
    expect(ollama.readRequest({ model: "m", input: ["a"] })).toEqual({ model: "m", stream: false, parameters: {} });
  });
});

describe("a whole answer of Ollama's", () => {
  it("of a chat and of a completion tells reason, usage, durations and bytes", () => {
    const last = {
      model: "m",
      done: true,
      done_reason: "length",
      prompt_eval_count: 3,
      eval_count: 4,
      total_duration: 2e9,
      eval_duration: 1e9,
    };
    const expected = {
      responseModel: "m",
      finishReasons: ["length"],
      usage: { inputTokens: 3, outputTokens: 4 },
      serverTimings: {
        loadSeconds: 0,
        prefillSeconds: 0,
        decodeSeconds: 1,
        totalSeconds: 2,
        decodeRateTokensPerSecond: 4,
      },
      outputBytes: 7,
      choiceCount: 1,
    };
    expect(ollama.readResponse({ ...last, message: { role: "assistant", thinking: "hmm", content: "yes!" } })).toEqual(
      expected,
    );
    expect(ollama.readResponse({ ...last, thinking: "hmm", response: "yes!" })).toEqual(expected);
  });

  it("of embeddings tells usage and durations, and nothing that is not there", () => {
    const nothing = { finishReasons: [], outputBytes: 0, choiceCount: 0 };
    expect(
      ollama.readResponse({
        model: "all-minilm",
        embeddings: [[0.1]],
        total_duration: 14e6,
        load_duration: 1e6,
        prompt_eval_count: 8,
      }),
    ).toEqual({
      ...nothing,
      responseModel: "all-minilm",
      usage: { inputTokens: 8 },
      serverTimings: { totalSeconds: 0.014, loadSeconds: 0.001 },
    });
    expect(ollama.readResponse({ embedding: [0.1] })).toEqual(nothing);
  });

  it("of an error body tells the fault, never its text", () => {
    expect(ollama.readResponse({ error: "model 'x' not found" })).toMatchObject({
      fault: { errorType: "stream_error" },
    });
  });
});

describe("a value that is none of Ollama's", () => {
  const hostile = (): unknown =>
    new Proxy(
      {},
      {
        get: () => {
          throw new Error("hostile");
        },
      },
    );

  it("is not taken for a chunk or an answer, and never throws", () => {
    const event = emptyStreamEvent();
    const values = [undefined, null, 1, "text", [], {}, { done: true, value: 1 }, { status: "pulling" }, { error: {} }];
    for (const value of [...values, hostile(), { model: "m", done: true, message: hostile() }]) {
      expect(ollama.readChunk(value, event)).toBe(false);
      expect(ollama.readResponse(value)).toBeUndefined();
    }
    for (const value of [undefined, null, 1, "text", [], hostile(), { options: hostile() }]) {
      expect(ollama.readRequest(value)).toEqual({ stream: false, parameters: {} });
    }
  });

  it("never throws on any JSON value", () => {
    const event = emptyStreamEvent();
    const message = fc.record({ content: fc.jsonValue(), tool_calls: fc.jsonValue(), images: fc.jsonValue() });
    const line = fc.record({ model: fc.constant("m"), done: fc.boolean(), message, eval_duration: fc.jsonValue() });
    fc.assert(
      fc.property(fc.oneof(line, fc.jsonValue()), (value) => {
        ollama.readChunk(value, event);
        ollama.readResponse(value);
        ollama.readRequest(value);
      }),
    );
  });
});
