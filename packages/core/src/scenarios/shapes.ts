/**
 * Shapes of a complete streamed answer. Times in the truths: seconds from the request. A rate is
 * (window tokens - tokens of the first chunk) / (last counted chunk - first counted chunk).
 */
import { define } from "./define.ts";
import { completion, delta, deltaOf, DONE, finish, ROLE, text, usage, usageOf } from "./openai-frames.ts";
import { REPORTED } from "./right-answers.ts";
import type { Scenario } from "./scenario.ts";
import { at, every, WORD } from "./writes.ts";

/** Usage is null in every chunk but the last when it was asked for. */
const NO_USAGE = { usage: null };

const toolCall = (call: Readonly<Record<string, unknown>>): string => delta({ tool_calls: [{ index: 0, ...call }] });

export const SHAPES: readonly Scenario[] = [
  define({
    name: "reference",
    title: "The reference schedule: role-only chunk at 400 ms, 20 tokens 20 ms apart from 500 ms on.",
    writes: [
      at(400, delta({ role: "assistant", content: "" }, NO_USAGE)),
      ...every(20, 500, 20, () => text(WORD, NO_USAGE)),
      at(1180, finish("stop", NO_USAGE), usage(20), DONE),
    ],
    end: { kind: "end", atMs: 1180 },
    truth: {
      ...REPORTED,
      firstChunkSeconds: 0.4,
      ttftSeconds: 0.5,
      firstAnswerTokenSeconds: 0.5,
      // 20 tokens in 20 chunks: the first holds 1. (20 - 1) / (0.88 - 0.5)
      generationRateTokensPerSecond: 50,
      durationSeconds: 1.18,
      outputTokens: 20,
    },
  }),
  define({
    name: "four-tokens-per-chunk",
    title: "The reference schedule with 4 tokens per chunk every 80 ms: a chunk is not a token.",
    writes: [
      at(400, ROLE),
      ...every(80, 500, 5, () => text(WORD.repeat(4))),
      at(1180, finish("stop"), usage(20), DONE),
    ],
    end: { kind: "end", atMs: 1180 },
    truth: {
      ...REPORTED,
      firstChunkSeconds: 0.4,
      ttftSeconds: 0.5,
      firstAnswerTokenSeconds: 0.5,
      // 20 tokens in 5 chunks of equal bytes: the first holds 4. (20 - 4) / (0.82 - 0.5)
      generationRateTokensPerSecond: 50,
      durationSeconds: 1.18,
      outputTokens: 20,
    },
  }),
  define({
    name: "role-only-first-chunk",
    title: "A role-only and an empty chunk come long before the first token and are neither.",
    writes: [
      at(100, ROLE),
      at(200, text("")),
      ...every(20, 500, 20, () => text()),
      at(900, finish("stop"), usage(20), DONE),
    ],
    end: { kind: "end", atMs: 900 },
    truth: {
      ...REPORTED,
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.5,
      firstAnswerTokenSeconds: 0.5,
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.9,
      outputTokens: 20,
    },
  }),
  define({
    name: "one-counted-chunk",
    title: "The whole text in one chunk: no window, so no rate.",
    writes: [at(100, ROLE), at(300, text(WORD.repeat(20))), at(400, finish("stop"), usage(20), DONE)],
    end: { kind: "end", atMs: 400 },
    truth: {
      ...REPORTED,
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.3,
      firstAnswerTokenSeconds: 0.3,
      durationSeconds: 0.4,
      outputTokens: 20,
    },
  }),
  define({
    name: "whole-answer-in-one-write",
    title: "Everything arrives in one network read: the firsts coincide, the window is shorter than 1 ms.",
    writes: [
      at(300, ROLE, text(WORD.repeat(8)), text(WORD.repeat(8)), text(WORD.repeat(4)), finish("stop"), usage(20), DONE),
    ],
    end: { kind: "end", atMs: 300 },
    truth: {
      ...REPORTED,
      firstChunkSeconds: 0.3,
      ttftSeconds: 0.3,
      firstAnswerTokenSeconds: 0.3,
      durationSeconds: 0.3,
      outputTokens: 20,
    },
  }),
  define({
    name: "tool-call-only",
    title: "Only a tool call: its first delta is the first token, and there is no answer token.",
    writes: [
      at(100, ROLE),
      // 11 bytes of name, then 9 pieces of 8 bytes.
      at(200, toolCall({ id: "call_1", type: "function", function: { name: "get_weather", arguments: "" } })),
      ...every(20, 220, 9, () => toolCall({ function: { arguments: '{"a":1} ' } })),
      at(420, finish("tool_calls"), usage(24), DONE),
    ],
    end: { kind: "end", atMs: 420 },
    truth: {
      ...REPORTED,
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.2,
      firstToolCallSeconds: 0.2,
      // 24 tokens in 10 chunks: the first holds round(24 x 11 / 83) = 3. (24 - 3) / (0.38 - 0.2)
      generationRateTokensPerSecond: 21 / 0.18,
      durationSeconds: 0.42,
      outputTokens: 24,
    },
  }),
  define({
    name: "two-choices",
    title: "Two choices interleave: the first of any choice counts, and no rate describes both.",
    writes: [
      at(100, deltaOf(0, { role: "assistant", content: "" }), deltaOf(1, { role: "assistant", content: "" })),
      ...every(20, 200, 20, (i) => deltaOf(i % 2, { content: WORD })),
      at(620, finish("stop"), finish("stop", {}, 1), usage(20), DONE),
    ],
    end: { kind: "end", atMs: 620 },
    truth: {
      ...REPORTED,
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.2,
      durationSeconds: 0.62,
      outputTokens: 20,
    },
  }),
  define({
    name: "legacy-completions",
    title: "The legacy completions route: the text stands in the choice itself.",
    format: "openai-completions",
    writes: [...every(20, 200, 20, () => completion(WORD)), at(620, completion("", "stop"), frameOfUsage(20), DONE)],
    end: { kind: "end", atMs: 620 },
    truth: {
      ...REPORTED,
      firstChunkSeconds: 0.2,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.2,
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.62,
      outputTokens: 20,
    },
  }),
];

function frameOfUsage(outputTokens: number): string {
  return `data: ${JSON.stringify({ object: "text_completion", choices: [], usage: usageOf(outputTokens) })}\n\n`;
}
