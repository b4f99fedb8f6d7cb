import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../limits.ts";
import { readFault } from "./fault.ts";
import { createOpenAiStreamParser } from "./openai-stream.ts";
import { openaiChat } from "./openai-chat.ts";
import { emptyStreamEvent, type StreamEvent } from "./provider.ts";
import { eventsOf, said } from "./provider-suite.testing.ts";

const encoder = new TextEncoder();

/** The obvious parser: every frame through JSON.parse and `readChunk`. */
function parseEverything(frames: readonly string[]): readonly StreamEvent[] {
  const end = frames.indexOf("[DONE]");
  // The end is told once.
  const told = frames.filter((data, i) => data !== "[DONE]" || i === end);
  return told.map((data) => {
    const event = emptyStreamEvent();
    if (data === "[DONE]") return { ...event, type: "done" };
    let value: unknown;
    try {
      value = JSON.parse(data);
    } catch {
      return { ...event, type: "malformed" };
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) return { ...event, type: "malformed" };
    // Objects without choices are chunks in a stream, but nothing a client library would hand over.
    const chunk = "choices" in value ? value : { ...value, choices: [] };
    expect(openaiChat.readChunk(chunk, event)).toBe(true);
    return event;
  });
}

function bytesOf(frames: readonly string[]): Uint8Array {
  return encoder.encode(frames.map((data) => `data: ${data}\n\n`).join(""));
}

const words = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(" word", "a", "你好", "é", "🙂", "") },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 8 }) },
  // What could fool a search for needles.
  {
    weight: 1,
    arbitrary: fc.constantFrom('"content":"x"', '\\"text\\":\\"', '{"error":1}', "\u0000", "\u2028", "[DONE]"),
  },
);

const delta = fc.oneof(
  { weight: 8, arbitrary: words.map((content): object => ({ content })) },
  { weight: 2, arbitrary: words.map((reasoning): object => ({ content: "", reasoning })) },
  { weight: 2, arbitrary: words.map((text): object => ({ content: null, reasoning_content: text })) },
  { weight: 1, arbitrary: fc.tuple(words, words).map(([content, reasoning]): object => ({ content, reasoning })) },
  {
    weight: 1,
    arbitrary: words.map((text): object => ({ tool_calls: [{ index: 0, function: { arguments: text } }] })),
  },
  { weight: 1, arbitrary: words.map((refusal): object => ({ refusal })) },
  { weight: 1, arbitrary: words.map((text): object => ({ content: [{ type: "text", text }] })) },
  { weight: 1, arbitrary: words.map((text): object => ({ role: "assistant", foo: { content: text } })) },
);

const extra = fc.oneof(
  { weight: 10, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.nat(9).map((n) => ({ usage: { prompt_tokens: 3, completion_tokens: n } })) },
  { weight: 1, arbitrary: fc.constant({ usage: null }) },
  { weight: 1, arbitrary: words.map((obfuscation) => ({ obfuscation })) },
  { weight: 1, arbitrary: words.map((content) => ({ moderation: { content } })) },
  { weight: 1, arbitrary: words.map((message) => ({ error: { message, code: 429 } })) },
  { weight: 1, arbitrary: fc.constant({ timings: { predicted_n: 4, prompt_n: 1, cache_n: 0, prompt_ms: 2 } }) },
);

const chunk = fc
  .record({
    delta,
    extra,
    index: fc.constantFrom(0, 0, 0, 1),
    created: fc.constantFrom(1_795_000_000, 1_795_000_001, 17.5, 0),
    id: fc.constantFrom("c1", "c1", "c1", "c2"),
    finish: fc.constantFrom(null, null, null, "stop"),
    spaced: fc.constantFrom(false, false, true),
  })
  .map(({ delta, extra, index, created, id, finish, spaced }) => {
    const value = { id, created, model: "m", choices: [{ index, delta, finish_reason: finish }], ...extra };
    const text = JSON.stringify(value);
    // Python servers write a space behind each separator.
    return spaced ? text.replaceAll('":', '": ').replaceAll(',"', ', "') : text;
  });

const frame = fc.oneof(
  { weight: 30, arbitrary: chunk },
  {
    weight: 1,
    arbitrary: fc.constantFrom("[DONE]", "{", "[1]", "null", "{}", '{"choices":[],"created":017}', '"text"'),
  },
  { weight: 1, arbitrary: fc.json() },
);

/** Text between the quotes of a JSON string, as it stands on the wire; not all of it is legal. */
const rawString = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(" word", "a", "abc", "你好", "🙂") },
  {
    weight: 3,
    arbitrary: fc.constantFrom("", "\\n", "\\u4f60", '\\"', "\\", "\t", "\u0001", "\\x", '"', '","content":"b'),
  },
);
const rawNumber = fc.constantFrom("1795000000", "1795000001", "9", "0", "017", "-5", "1.5", "1e3", "", "x");

/** Frames of one shape; `{s}` and `{t}` are strings, `{n}` is a number. */
const shape = fc.constantFrom(
  '{"id":"c","created":{n},"choices":[{"index":0,"delta":{"content":"{s}"}}]}',
  '{"id": "c", "created": {n}, "choices": [{"index": 0, "delta": {"content": "{s}"}}]}',
  '{"choices":[{"index":1,"delta":{"content":"","reasoning":"{s}"}}],"obfuscation":"{t}","created":{n}}',
  '{"choices":[{"index":0,"text":"{s}"}],"model":"{t}"}',
  '{"choices":[{"index":0,"delta":{"content":"{s}","reasoning_content":"{t}"}}]}',
  // The counted string is written so that no needle finds it; what is found does not count.
  '{"note":{"content":"{t}"},"choices":[{"index":0,"delta":{"content" :"{s}"}}]}',
  '{"note":{"content":"{s}"},"choices":[{"index":0,"delta":{"content" :"{s}"}}]}',
  '{"choices":[{"index":0,"delta":{"content":"{t}"}}],"choices":[{"index":0,"delta":{"content" :"{s}"}}]}',
);
const run = fc
  .tuple(shape, fc.array(fc.tuple(rawString, rawString, rawNumber), { minLength: 1, maxLength: 8 }))
  .map(([text, holes]) =>
    holes.map(([first, second, number]) =>
      text
        .replaceAll("{s}", () => first)
        .replaceAll("{t}", () => second)
        .replaceAll("{n}", () => number),
    ),
  );

describe("the byte parser", () => {
  it("gives the events of parsing every frame, wherever the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 30 }), fc.array(fc.nat(), { maxLength: 8 }), (frames, positions) => {
        const bytes = bytesOf(frames);
        const cuts = positions.map((position) => position % (bytes.length + 1)).toSorted((a, b) => a - b);
        expect(eventsOf(createOpenAiStreamParser(), bytes, cuts)).toEqual(parseEverything(frames));
      }),
      { numRuns: 400 },
    );
  });

  it("gives the events of parsing every frame on runs of frames that differ in a few places only", () => {
    fc.assert(
      fc.property(fc.array(run, { maxLength: 4 }), (runs) => {
        const frames = runs.flat();
        expect(eventsOf(createOpenAiStreamParser(), bytesOf(frames))).toEqual(parseEverything(frames));
      }),
      { numRuns: 2_000 },
    );
  });

  it("gives the events of parsing every frame when single bytes of a long stream are damaged", () => {
    const frames = Array.from({ length: 12 }, (_, i) =>
      JSON.stringify({ id: "c", created: 1_795_000_000 + i, choices: [{ index: 0, delta: { content: "wörd" } }] }),
    );
    const decoder = new TextDecoder();
    fc.assert(
      fc.property(fc.nat(11), fc.nat(), fc.integer({ min: 0x20, max: 0xff }), (frameIndex, position, value) => {
        const encoded = frames.map((text) => encoder.encode(text));
        const damaged = encoded[frameIndex] ?? new Uint8Array(1);
        damaged[position % damaged.length] = value;
        const seen = encoded.map((bytes) => decoder.decode(bytes));
        const bytes = Buffer.concat(encoded.flatMap((text) => [Buffer.from("data: "), text, Buffer.from("\n\n")]));
        expect(eventsOf(createOpenAiStreamParser(), bytes)).toEqual(parseEverything(seen));
      }),
      { numRuns: 2_000 },
    );
  });

  it("does not take a string that nobody counts for output, however much it looks alike", () => {
    const decoy = (note: string): string =>
      `{"note":{"content":"${note}"},"choices":[{"index":0,"delta":{"content" :"abc"}}]}`;
    const events = eventsOf(createOpenAiStreamParser(), bytesOf([decoy("abc"), decoy("abc"), decoy("long note")]));
    expect(events.map(({ outputBytes }) => outputBytes)).toEqual([3, 3, 3]);
  });

  it("skips pings and comments, and reads an error event by its name", () => {
    const text =
      ': keep-alive\n\nevent: ping\ndata: {}\n\nevent: error\ndata: {"message":"x","type":"overloaded_error"}\n\n';
    expect(eventsOf(createOpenAiStreamParser(), encoder.encode(text)).map(said)).toEqual([
      { type: "error", fault: { errorType: "overloaded", code: "overloaded_error" } },
    ]);
    const bare = eventsOf(createOpenAiStreamParser(), encoder.encode("event: error\ndata: out of memory\n\n"));
    expect(bare.map(said)).toEqual([{ type: "error", fault: { errorType: "stream_error" } }]);
  });

  it("counts what is not JSON, and goes on", () => {
    const good = JSON.stringify({ choices: [{ index: 0, delta: { content: "ok" } }] });
    const events = eventsOf(createOpenAiStreamParser(), bytesOf([good, "<html>", good]));
    expect(events.map(({ type, outputBytes }) => [type, outputBytes])).toEqual([
      ["chunk", 2],
      ["malformed", 0],
      ["chunk", 2],
    ]);
  });

  it("classifies a frame beyond the bound by its beginning and is right again behind it", () => {
    const image = JSON.stringify({
      choices: [{ index: 0, delta: { content: "x".repeat(3 * LIMITS.observerLineBytes) } }],
    });
    const good = JSON.stringify({ choices: [{ index: 0, delta: { content: "ok" } }] });
    const [long, next] = eventsOf(createOpenAiStreamParser(), bytesOf([image, good]));
    expect(long).toMatchObject({ type: "chunk", kind: "text", choiceCount: 1 });
    expect(long?.outputBytes).toBeGreaterThan(0.99 * LIMITS.observerLineBytes);
    expect(next).toMatchObject({ type: "chunk", outputBytes: 2 });
    const garbage = "y".repeat(2 * LIMITS.observerLineBytes);
    expect(eventsOf(createOpenAiStreamParser(), bytesOf([garbage])).map(({ type }) => type)).toEqual(["malformed"]);
  });

  it("reads usage in Groq's member, in a choice, and from llama.cpp's timings alone", () => {
    const usage = { prompt_tokens: 3, completion_tokens: 5 };
    const frames = [
      { choices: [{ index: 0, delta: {} }], x_groq: { usage } },
      { choices: [{ index: 0, delta: {}, usage }] },
      { choices: [{ index: 0, delta: {} }], timings: { cache_n: 1, prompt_n: 2, predicted_n: 5 } },
      { choices: [{ index: 0, delta: {} }], timings: { prompt_n: 2, predicted_n: 5 } },
      { choices: [], usage: { prompt_tokens: -1, completion_tokens: 1.5 } },
    ].map((value) => JSON.stringify(value));
    const events = eventsOf(createOpenAiStreamParser(), bytesOf(frames));
    expect(events.map((event) => event.usage)).toEqual([
      { inputTokens: 3, outputTokens: 5 },
      { inputTokens: 3, outputTokens: 5 },
      { inputTokens: 3, outputTokens: 5, cacheReadTokens: 1 },
      { outputTokens: 5 },
      undefined,
    ]);
  });

  it("counts every kind of output", () => {
    const deltas = [
      { audio: { id: "a", data: "AAAA" } },
      { audio: { transcript: "hi" } },
      { images: [{ type: "image_url", image_url: { url: "data:1" } }] },
      { function_call: { name: "f", arguments: "{}" } },
      { tool_calls: [{ index: 0, type: "custom", custom: { name: "c", input: "in" } }] },
      { content: [{ type: "thinking", thinking: [{ type: "text", text: "hmm" }] }] },
      { reasoning_details: [{ type: "reasoning.text", text: "why", signature: "s" }] },
      { reasoning: "same", reasoning_content: "same" },
    ].map((delta) => JSON.stringify({ choices: [{ index: 0, delta }] }));
    const events = eventsOf(createOpenAiStreamParser(), bytesOf(deltas));
    expect(events.map(({ kind, outputBytes }) => [kind, outputBytes])).toEqual([
      ["audio", 4],
      ["audio", 2],
      ["audio", 6],
      ["tool", 3],
      ["tool", 3],
      ["reasoning", 3],
      ["reasoning", 3],
      ["reasoning", 4],
    ]);
  });
});

describe("a request", () => {
  it("tells model, stream, choices and parameters, never content", () => {
    expect(
      openaiChat.readRequest({
        model: "m",
        stream: true,
        n: 2,
        temperature: 0.5,
        stop: ["a"],
        max_tokens: 10,
        max_completion_tokens: 20,
        messages: [{ role: "user", content: "secret" }],
      }),
    ).toEqual({
      model: "m",
      stream: true,
      choiceCount: 2,
      parameters: {
        "gen_ai.request.max_tokens": 20,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.stop_sequences": ["a"],
        "gen_ai.request.choice.count": 2,
      },
    });
    expect(openaiChat.readRequest({ stream: "true", n: 0, temperature: "hot" })).toEqual({
      stream: false,
      parameters: {},
    });
  });
});

describe("a whole answer", () => {
  it("tells finish reasons, usage, model and bytes of all choices", () => {
    expect(
      openaiChat.readResponse({
        id: "c",
        model: "m",
        choices: [
          { index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" },
          { index: 1, text: "你", finish_reason: "length" },
        ],
        usage: { prompt_tokens: 1, completion_tokens: 2 },
      }),
    ).toEqual({
      responseId: "c",
      responseModel: "m",
      finishReasons: ["stop", "length"],
      usage: { inputTokens: 1, outputTokens: 2 },
      outputBytes: 5,
      choiceCount: 2,
    });
  });

  it("tells the fault of an error body, and the usage of an embeddings answer", () => {
    expect(openaiChat.readResponse({ error: { code: "insufficient_quota" } })?.fault).toEqual({
      errorType: "quota",
      code: "insufficient_quota",
    });
    expect(openaiChat.readResponse({ object: "list", data: [], usage: { prompt_tokens: 8 } })?.usage).toEqual({
      inputTokens: 8,
    });
  });
});

describe("an error code", () => {
  it.each([
    [{ code: "rate_limit_exceeded", type: "tokens" }, "rate_limited"],
    [{ code: null, type: "insufficient_quota" }, "quota"],
    [{ code: "model_not_found", type: "invalid_request_error" }, "not_found"],
    [{ code: "unsupported_value", type: "invalid_request_error" }, "invalid_request"],
    [{ code: 401 }, "auth"],
    [{ code: "503" }, "overloaded"],
    [{ type: "BadRequestError", code: 400 }, "invalid_request"],
    [{ status: 504 }, "timeout"],
    [{ code: "constructor", type: "__proto__" }, "stream_error"],
    [{ code: 200 }, "stream_error"],
    [{}, "stream_error"],
    ["out of memory", "stream_error"],
    [undefined, "stream_error"],
  ])("of %j is %s", (error, expected) => {
    expect(readFault(error).errorType).toBe(expected);
  });

  it("is kept raw, and not at all when it is no code", () => {
    expect(readFault({ code: "x".repeat(500) }).code).toBeUndefined();
    expect(readFault({ message: "key sk-123 is wrong" })).toEqual({ errorType: "stream_error" });
  });
});
