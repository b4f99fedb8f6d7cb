import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../limits.ts";
import { createTokenClock } from "../token-clock.ts";
import { gemini } from "./gemini.ts";
import { DELTA_KIND_BIT, emptyStreamEvent, type DeltaKind, type StreamEvent } from "./provider.ts";
import { eventsOf, said } from "./provider-suite.testing.ts";

type Said = Partial<StreamEvent>;

const encoder = new TextEncoder();

function fixture(file: string): Uint8Array {
  return readFileSync(new URL(`fixtures/${file}`, import.meta.url));
}

function parse(bytes: Uint8Array, cuts?: readonly number[]): readonly StreamEvent[] {
  return eventsOf(gemini.createStreamParser(), bytes, cuts);
}

const parseText = (text: string): readonly StreamEvent[] => parse(encoder.encode(text));

function chunks(answer: Said): (more: Said, choiceCount?: number) => Said {
  return (more, choiceCount = 1) => ({
    type: "chunk",
    ...(choiceCount === 0 ? {} : { choiceCount }),
    ...answer,
    ...more,
  });
}

function output(kind: DeltaKind, outputBytes: number): Said {
  return { kind, kinds: DELTA_KIND_BIT[kind], outputBytes };
}

const usage = (inputTokens: number, outputTokens: number, more: StreamEvent["usage"] = {}): Said => ({
  usage: { inputTokens, outputTokens, ...more },
});

const flash = chunks({ responseModel: "gemini-2.5-flash", responseId: "Rk2kaZ-8" });
const thinker = chunks({ responseModel: "gemini-3.8-flash", responseId: "T1nkaYqe" });
const vertex = chunks({ responseModel: "gemini-3.1-pro", responseId: "vx8-1" });
const image = chunks({ responseModel: "gemini-2.5-flash-image", responseId: "Arr4y" });
const SUMMARY = { reasoningForm: "summary" } as const;
const SIGNATURE = { reasoningForm: "redacted" } as const;

const STREAMS: readonly { file: string; title: string; events: readonly Said[] }[] = [
  {
    file: "gemini.sse",
    title: "text in CRLF events, cumulative usage, the finish reason beside the last piece",
    events: [
      flash({ ...output("text", 7), ...usage(7, 2, { reasoningTokens: 0 }) }),
      flash({ ...output("text", 15), ...usage(7, 8, { reasoningTokens: 0 }) }),
      flash({
        ...output("text", 1),
        ...usage(7, 9, { cacheReadTokens: 4, reasoningTokens: 0 }),
        finishReason: "STOP",
      }),
    ],
  },
  {
    file: "gemini-thinking.sse",
    title: "a thought summary before the answer; a signature alone counts nothing; tool use is input",
    events: [
      thinker({ ...output("reasoning", 24), ...SUMMARY, ...usage(12, 40, { reasoningTokens: 40 }) }),
      thinker({ ...output("reasoning", 15), ...SUMMARY, ...usage(12, 90, { reasoningTokens: 90 }) }),
      thinker({ ...output("text", 4), ...usage(12, 93, { reasoningTokens: 90 }) }),
      thinker({ ...output("text", 11), ...usage(12, 99, { reasoningTokens: 90 }) }),
      thinker({ ...SIGNATURE, ...usage(32, 99, { reasoningTokens: 90 }), finishReason: "STOP" }),
    ],
  },
  {
    file: "gemini-tools.sse",
    title: "function calls: name and arguments count, the signature does not",
    events: [
      thinker({ ...output("tool", 36), ...SIGNATURE, ...usage(58, 62, { reasoningTokens: 45 }) }),
      thinker({ ...output("tool", 8), ...usage(58, 68, { reasoningTokens: 45 }) }),
      thinker({ ...usage(58, 68, { reasoningTokens: 45 }), finishReason: "STOP" }),
    ],
  },
  {
    file: "gemini-vertex.sse",
    title: "code to run, its result, arguments in pieces, usage on the last chunk alone",
    events: [
      vertex(output("tool", 10)),
      vertex({}),
      vertex(output("tool", 4)),
      vertex(output("tool", 3)),
      vertex(output("tool", 8)),
      vertex({}),
      vertex({ ...SIGNATURE, ...usage(21, 19, { reasoningTokens: 0 }), finishReason: "STOP" }),
    ],
  },
  {
    file: "gemini-blocked.sse",
    title: "a blocked prompt ends normally, with its reason",
    events: [
      {
        type: "chunk",
        finishReason: "PROHIBITED_CONTENT",
        usage: { inputTokens: 8 },
        responseModel: "gemini-2.5-flash",
        responseId: "Bl0ck",
      },
    ],
  },
  {
    file: "gemini-error.sse",
    title: "an error without data: behind a piece of text",
    events: [
      flash({ ...output("text", 14), ...usage(7, 3, { reasoningTokens: 0 }) }),
      { type: "error", fault: { errorType: "overloaded", code: "UNAVAILABLE" } },
    ],
  },
  {
    file: "gemini.json-array",
    title: "one streamed array, brackets in strings, two candidates, an image",
    events: [
      image({ ...output("text", 20), ...usage(5, 6, { reasoningTokens: 0 }) }, 2),
      image(
        {
          kind: "audio",
          kinds: DELTA_KIND_BIT.audio | DELTA_KIND_BIT.text,
          outputBytes: 13,
          ...usage(5, 1300, { reasoningTokens: 0 }),
          finishReason: "STOP",
        },
        2,
      ),
      image({ ...usage(5, 1301, { reasoningTokens: 0, audioInputTokens: 2 }), finishReason: "STOP" }),
    ],
  },
  {
    file: "gemini-error.json-array",
    title: "an error in the streamed array",
    events: [
      flash({ ...output("text", 4), usage: { inputTokens: 7 } }),
      { type: "error", fault: { errorType: "rate_limited", code: "RESOURCE_EXHAUSTED" } },
    ],
  },
];

/** What a client library makes of the frames; an error without `data:` is nothing it hands over. */
function parsedFrames(file: string): readonly unknown[] {
  const text = new TextDecoder().decode(fixture(file));
  if (file.endsWith(".json-array")) return JSON.parse(text) as readonly unknown[];
  return text
    .split(/\r?\n/)
    .filter((line) => line.startsWith("data: "))
    .map((line) => JSON.parse(line.slice(6)) as unknown);
}

describe("a stream of Gemini's", () => {
  it.each(STREAMS)("$file: $title", ({ file, events }) => {
    expect(parse(fixture(file)).map(said)).toEqual(events);
  });

  it.each(STREAMS)("$file gives the same events for every split in two", ({ file }) => {
    const bytes = fixture(file);
    const whole = parse(bytes);
    for (let cut = 0; cut <= bytes.length; cut += 1) expect(parse(bytes, [cut])).toEqual(whole);
  });

  it.each(STREAMS)(
    "$file gives the same events byte by byte, behind a byte order mark, without its last line end",
    ({ file }) => {
      const bytes = fixture(file);
      const whole = parse(bytes);
      expect(parse(bytes, Array.from(bytes.keys()))).toEqual(whole);
      const marked = encoder.encode(`\uFEFF${new TextDecoder().decode(bytes).trimEnd()}`);
      expect(parse(marked, [1, 2, 3, 4])).toEqual(whole);
    },
  );

  it.each(STREAMS)("$file gives the same chunks when a client library has parsed it", ({ file }) => {
    const read = parsedFrames(file).map((value) => {
      const event = emptyStreamEvent();
      expect(gemini.readChunk(value, event)).toBe(true);
      return event;
    });
    expect(read).toEqual(parse(fixture(file)).slice(0, read.length));
    expect(read.length).toBeGreaterThan(0);
  });

  it("reads an error wherever it stands", () => {
    const error = '{"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}';
    const fault = { type: "error", fault: { errorType: "overloaded", code: "UNAVAILABLE" } };
    for (const body of [error, `data: ${error}\n\n`, `[${error}]`, `\r\n${error}\n`, `: hi\n\n${error}\n\n`]) {
      expect(parseText(body).map(said)).toEqual([fault]);
    }
    expect(parseText(`: hi\n\n${error}\ndata: {"candidates":[{"index":0}]}\n\n`).map(said)).toEqual([
      fault,
      { type: "chunk", choiceCount: 1 },
    ]);
  });

  it("takes the defaults of enumerations for no reason at all", () => {
    const [event] = parseText(
      '[{"candidates":[{"finishReason":"FINISH_REASON_UNSPECIFIED"}],"promptFeedback":{"blockReason":"BLOCK_REASON_UNSPECIFIED"}}]',
    );
    expect(event?.finishReason).toBeUndefined();
  });

  it("counts what is not JSON, and goes on", () => {
    const good = '{"candidates":[{"content":{"parts":[{"text":"ok"}]}}]}';
    const seen = (text: string): unknown => parseText(text).map(({ type, outputBytes }) => [type, outputBytes]);
    const expected = [
      ["chunk", 2],
      ["malformed", 0],
      ["chunk", 2],
    ];
    expect(seen(`data: ${good}\n\ndata: <html>\n\ndata: ${good}\n\n`)).toEqual(expected);
    expect(seen(`[${good}, 7, ${good}]`)).toEqual(expected);
  });

  it("takes a marker that a proxy adds for the end", () => {
    expect(parseText("data: [DONE]\n\n").map(said)).toEqual([{ type: "done" }]);
  });

  it("reads what a frame beyond the bound says beside its image or signature", () => {
    const long = "A".repeat(3 * LIMITS.observerLineBytes);
    const image = { inlineData: { mimeType: "image/png", data: long }, thoughtSignature: long };
    const frame = JSON.stringify({
      candidates: [{ content: { parts: [image] }, finishReason: "STOP" }],
      usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 1290, totalTokenCount: 1295 },
      modelVersion: "gemini-3-pro-image",
    });
    for (const body of [`data: ${frame}\r\n\r\n`, `[${frame}]`]) {
      const [event, ...others] = parse(encoder.encode(body), [1_000, 2_000_000, 3_000_000]);
      expect(others).toEqual([]);
      expect(event).toMatchObject({
        type: "chunk",
        kind: "audio",
        finishReason: "STOP",
        usage: { inputTokens: 5, outputTokens: 1290, reasoningTokens: 0 },
        responseModel: "gemini-3-pro-image",
      });
      expect(event?.outputBytes).toBeGreaterThan(0.99 * LIMITS.observerLineBytes);
    }
  });

  it("classifies a frame that was broken off by its beginning, and is right again behind it", () => {
    const long = "A".repeat(2 * LIMITS.observerLineBytes);
    const good = '{"candidates":[{"content":{"parts":[{"text":"ok"}]},"finishReason":"STOP"}]}';
    for (const member of ["data", "text"]) {
      const [first, second] = parseText(`data: {"candidates":[{"${member}":"${long}\n\ndata: ${good}\n\n`);
      expect(first).toMatchObject({ type: "chunk", kind: member === "data" ? "audio" : "text", choiceCount: 1 });
      expect(first?.outputBytes).toBeGreaterThan(0.99 * LIMITS.observerLineBytes);
      expect(second).toMatchObject({ type: "chunk", kind: "text", finishReason: "STOP" });
    }
    expect(parseText(long)).toEqual([]);
    expect(parseText(`{${long}`).map(({ type }) => type)).toEqual(["malformed"]);
  });

  it("never throws on bytes that are no stream", () => {
    const piece = fc.constantFrom("[", "{", '"error"', ":", "}", "]", "data: ", "\n\n", '"candidates":[', "\\", "1");
    fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => void parseText(pieces.join(""))));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void parse(bytes)));
  });

  it("leaves hidden thoughts out of the window, and takes the answer's first token behind a summary", () => {
    const clock = createTokenClock();
    parse(fixture("gemini-thinking.sse")).forEach((event, i) => clock.record(event, 100_000 * (i + 1)));
    const timings = clock.finish({ outcome: "ok", endMicros: 600_000, streaming: true });
    expect(timings).toMatchObject({
      reasoningVisibility: "summary",
      firstTokenMicros: 100_000,
      firstAnswerTokenMicros: 300_000,
      outputTokens: 99,
      tokenSource: "continuous_usage",
      firstChunkTokens: 3,
      finishReasons: ["STOP"],
    });
    expect(timings.generationRateTokensPerSecond).toBeCloseTo(60, 9);
  });
});

describe("usage of Gemini's", () => {
  const usageOf = (metadata: unknown): unknown => gemini.readResponse({ usageMetadata: metadata })?.usage;

  it("adds thoughts to the candidates' tokens, unless they are counted among them", () => {
    const counts = { promptTokenCount: 10, candidatesTokenCount: 50, thoughtsTokenCount: 30 };
    expect(usageOf({ ...counts, totalTokenCount: 90 })).toMatchObject({ outputTokens: 80, reasoningTokens: 30 });
    expect(usageOf({ ...counts, totalTokenCount: 60 })).toMatchObject({ outputTokens: 50, reasoningTokens: 30 });
  });

  it("does not know of thoughts when the total leaves room for them", () => {
    expect(usageOf({ promptTokenCount: 10, candidatesTokenCount: 50, totalTokenCount: 75 })).toEqual({
      inputTokens: 10,
      outputTokens: 50,
    });
    expect(usageOf({ candidatesTokenCount: 50 })).toEqual({ outputTokens: 50 });
    expect(usageOf({ trafficType: "ON_DEMAND", promptTokenCount: -1, candidatesTokenCount: "9" })).toBeUndefined();
  });

  it("tells audio from the modalities", () => {
    expect(
      usageOf({
        promptTokensDetails: [
          { modality: "AUDIO", tokenCount: 40 },
          { modality: "TEXT", tokenCount: 2 },
        ],
        candidatesTokensDetails: [{ modality: "AUDIO", tokenCount: 0 }, null, { modality: "AUDIO" }],
      }),
    ).toEqual({ audioInputTokens: 40, audioOutputTokens: 0 });
  });
});

describe("a request to Gemini", () => {
  it("tells its parameters, never content; the path has the rest", () => {
    expect(
      gemini.readRequest({
        contents: [{ parts: [{ text: "secret" }] }],
        generationConfig: {
          temperature: 0.5,
          topP: 0.9,
          topK: 40,
          maxOutputTokens: 100,
          stopSequences: ["END"],
          candidateCount: 2,
          seed: 7,
          presencePenalty: 0.1,
          frequencyPenalty: 0.2,
          thinkingConfig: { thinkingLevel: "LOW", includeThoughts: true },
        },
      }),
    ).toEqual({
      stream: false,
      choiceCount: 2,
      parameters: {
        "gen_ai.request.max_tokens": 100,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.top_p": 0.9,
        "gen_ai.request.top_k": 40,
        "gen_ai.request.seed": 7,
        "gen_ai.request.stop_sequences": ["END"],
        "gen_ai.request.frequency_penalty": 0.2,
        "gen_ai.request.presence_penalty": 0.1,
        "gen_ai.request.reasoning.level": "LOW",
        "gen_ai.request.choice.count": 2,
      },
    });
    expect(gemini.readRequest({ generationConfig: { topK: "many", candidateCount: 0, stopSequences: [1] } })).toEqual({
      stream: false,
      parameters: {},
    });
  });
});

describe("a whole answer of Gemini's", () => {
  it("tells finish reasons, usage, model and bytes of all candidates", () => {
    expect(
      gemini.readResponse({
        candidates: [
          { content: { parts: [{ text: "hidden", thought: true }, { text: "你" }] }, finishReason: "STOP" },
          { content: { parts: [{ text: "hi" }] }, finishReason: "MAX_TOKENS", index: 1 },
        ],
        usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 2, thoughtsTokenCount: 5, totalTokenCount: 8 },
        modelVersion: "gemini-2.5-pro",
        responseId: "r",
      }),
    ).toEqual({
      responseModel: "gemini-2.5-pro",
      responseId: "r",
      finishReasons: ["STOP", "MAX_TOKENS"],
      usage: { inputTokens: 1, outputTokens: 7, reasoningTokens: 5 },
      outputBytes: 11,
      choiceCount: 2,
    });
  });

  it("takes the body of a streamed array for one answer", () => {
    expect(gemini.readResponse(parsedFrames("gemini.json-array"))).toEqual({
      responseModel: "gemini-2.5-flash-image",
      responseId: "Arr4y",
      finishReasons: ["STOP", "STOP"],
      usage: { inputTokens: 5, outputTokens: 1301, reasoningTokens: 0, audioInputTokens: 2 },
      outputBytes: 33,
      choiceCount: 2,
    });
  });

  it("tells the fault of an error body, alone or in an array, and the reason of a blocked prompt", () => {
    const error = { error: { code: 401, message: "no", status: "UNAUTHENTICATED" } };
    const fault = { errorType: "auth", code: "UNAUTHENTICATED" };
    expect(gemini.readResponse(error)).toMatchObject({ fault, finishReasons: [] });
    expect(gemini.readResponse([error])).toMatchObject({ fault });
    expect(gemini.readResponse({ promptFeedback: { blockReason: "SAFETY" } })?.finishReasons).toEqual(["SAFETY"]);
  });

  it("tells the usage of embeddings, and nothing when they report none", () => {
    const nothing = { finishReasons: [], outputBytes: 0, choiceCount: 0 };
    expect(gemini.readResponse({ embedding: { values: [1] } })).toEqual(nothing);
    expect(gemini.readResponse({ embeddings: [{ values: [1] }], usageMetadata: { promptTokenCount: 4 } })).toEqual({
      ...nothing,
      usage: { inputTokens: 4 },
    });
  });
});

describe("a value that is none of Gemini's", () => {
  const hostile = (): unknown =>
    new Proxy(
      {},
      {
        get: () => {
          throw new Error("hostile");
        },
      },
    );

  const revoked = (): unknown => {
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    return proxy;
  };

  it("is not taken for a chunk or an answer, and never throws", () => {
    const values = [undefined, null, 1, "text", [], {}, [{}], [[]], { candidates: 1 }, { error: "x" }, { error: {} }];
    const event = emptyStreamEvent();
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    const call = { candidates: [{ content: { parts: [{ functionCall: { name: "f", args: cycle } }] } }] };
    for (const value of [...values, hostile(), [hostile()], revoked(), { candidates: [hostile()] }, call]) {
      expect(gemini.readChunk(value, event)).toBe(false);
      expect(gemini.readResponse(value)).toBeUndefined();
      expect(gemini.readRequest(value)).toEqual({ stream: false, parameters: {} });
    }
    expect(gemini.readRequest({ generationConfig: hostile() })).toEqual({ stream: false, parameters: {} });
  });

  it("never throws on any JSON value", () => {
    const event = emptyStreamEvent();
    const part = fc.record({ text: fc.jsonValue(), functionCall: fc.jsonValue(), inlineData: fc.jsonValue() });
    const candidate = fc.record({ index: fc.jsonValue(), content: fc.record({ parts: fc.array(part) }) });
    const chunk = fc.record({ candidates: fc.array(candidate), usageMetadata: fc.jsonValue(), error: fc.jsonValue() });
    fc.assert(
      fc.property(fc.oneof(chunk, fc.jsonValue()), (value) => {
        gemini.readChunk(value, event);
        gemini.readResponse(value);
        gemini.readRequest(value);
      }),
    );
  });
});
