import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCutAnswer } from "./cut-answer.ts";
import { providerByFormat } from "./index.ts";
import type { Provider, ResponseReading } from "./provider.ts";

function formatOf(name: string): Provider {
  const provider = providerByFormat(name);
  if (provider === undefined) throw new Error(`no format ${name}`);
  return provider;
}

const LONG = 'a "quoted" \\ and [bracketed] {text}, '.repeat(400);

/** What is read of an answer of which `held` characters at each end are there. */
function readEnds(format: string, answer: unknown, held = 600, indent?: number): ResponseReading | undefined {
  const text = JSON.stringify(answer, undefined, indent);
  expect(text.length).toBeGreaterThan(2 * held);
  return readCutAnswer(formatOf(format), text.slice(0, held), text.slice(-held));
}

const CHAT = {
  id: "c1",
  object: "chat.completion",
  model: "gpt-real",
  choices: [{ index: 0, message: { role: "assistant", content: LONG }, finish_reason: "stop" }],
  usage: { prompt_tokens: 4, completion_tokens: 6, total_tokens: 10 },
  system_fingerprint: null,
};

const CASES: readonly (readonly [format: string, answer: object, expected: object])[] = [
  ["openai-chat", CHAT, { responseModel: "gpt-real", responseId: "c1", usage: { inputTokens: 4, outputTokens: 6 } }],
  [
    "openai-completions",
    { id: "c2", model: "gpt-real", choices: [{ index: 0, text: LONG }], usage: { prompt_tokens: 4 } },
    { responseId: "c2", usage: { inputTokens: 4 } },
  ],
  [
    "openai-responses",
    {
      id: "r1",
      object: "response",
      status: "completed",
      error: null,
      model: "gpt-real",
      output: [{ type: "message", content: [{ type: "output_text", text: LONG }] }],
      usage: { input_tokens: 4, output_tokens: 6 },
      metadata: {},
    },
    { responseModel: "gpt-real", finishReasons: ["completed"], usage: { inputTokens: 4, outputTokens: 6 } },
  ],
  [
    "anthropic-messages",
    {
      model: "claude-real",
      id: "m1",
      type: "message",
      role: "assistant",
      content: [{ type: "text", text: LONG }],
      stop_reason: "end_turn",
      usage: { input_tokens: 4, output_tokens: 6 },
    },
    { responseModel: "claude-real", finishReasons: ["end_turn"], usage: { inputTokens: 4, outputTokens: 6 } },
  ],
  [
    "gemini",
    {
      candidates: [{ content: { parts: [{ inlineData: { data: LONG } }] }, finishReason: "STOP" }],
      usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 6 },
      modelVersion: "gemini-real",
    },
    { responseModel: "gemini-real", usage: { inputTokens: 4, outputTokens: 6 } },
  ],
  [
    "ollama",
    {
      model: "llama",
      created_at: "2026-01-01T00:00:00Z",
      message: { role: "assistant", content: LONG },
      done_reason: "stop",
      done: true,
      total_duration: 3_000_000_000,
      load_duration: 1,
      prompt_eval_count: 4,
      prompt_eval_duration: 1_000_000_000,
      eval_count: 6,
      eval_duration: 2_000_000_000,
    },
    {
      responseModel: "llama",
      finishReasons: ["stop"],
      usage: { inputTokens: 4, outputTokens: 6 },
      serverTimings: { decodeSeconds: 2, decodeRateTokensPerSecond: 3, prefillSeconds: 1, totalSeconds: 3 },
    },
  ],
  [
    "ollama",
    { model: "nomic", embeddings: [Array.from({ length: 2_000 }, (_, i) => i / 7)], prompt_eval_count: 4 },
    { responseModel: "nomic", usage: { inputTokens: 4 } },
  ],
  [
    "openai-embeddings",
    {
      object: "list",
      data: [{ index: 0, embedding: Array.from({ length: 2_000 }, (_, i) => i / 7) }],
      model: "ada",
      usage: { prompt_tokens: 4, total_tokens: 4 },
    },
    { responseModel: "ada", usage: { inputTokens: 4 } },
  ],
];

describe("an answer of which only both ends are there", () => {
  it.each(CASES)("of %s says what stands beside its output", (format, answer, expected) => {
    expect(readEnds(format, answer)).toMatchObject(expected);
    expect(readEnds(format, answer, 600, 2)).toMatchObject(expected);
  });

  it("is read as a whole when nothing was cut out between the ends", () => {
    const text = JSON.stringify(CHAT);
    expect(readCutAnswer(formatOf("openai-chat"), text, text)).toEqual(formatOf("openai-chat").readResponse(CHAT));
  });

  it("says nothing when its end is none", () => {
    const chat = formatOf("openai-chat");
    for (const end of ["", "}", "]", "x}", '"}', '\\"}', ",}", '"usage":{"prompt_tokens":4', "<html>{}</html>"]) {
      expect(readCutAnswer(chat, '{"id":"c1","choices":[', end)?.usage).toBeUndefined();
    }
  });

  it("never throws, wherever it is cut and whatever it holds", () => {
    const piece = fc.constantFrom('"', "\\", "{", "}", "[", "]", ",", ":", "a", "1", '"usage":', " ");
    const text = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(text, text, (beginning, end) => {
        for (const [format] of CASES) readCutAnswer(formatOf(format), beginning, `${end}}`);
      }),
    );
  });

  it("gives the members that are whole, wherever the cut lies", () => {
    const value = fc.jsonValue({ maxDepth: 2 });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value), fc.nat(), (members, cut) => {
        const text = JSON.stringify({ ...members, usage: { prompt_tokens: 4, completion_tokens: 6 } });
        const reading = readCutAnswer(formatOf("openai-chat"), "", text.slice(cut % text.length));
        const start = text.lastIndexOf(',"usage"');
        if (start < 0 || cut % text.length > start) return;
        expect(reading?.usage).toEqual({ inputTokens: 4, outputTokens: 6 });
      }),
    );
  });
});
