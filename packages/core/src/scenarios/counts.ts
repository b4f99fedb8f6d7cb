/** Where the token count comes from, and what follows when it does not come. */
import { define } from "./define.ts";
import { DONE, finish, ROLE, text, usage, usageOf } from "./openai-frames.ts";
import { ENVELOPE_FIRSTS, REPORTED } from "./right-answers.ts";
import type { Scenario } from "./scenario.ts";
import { at, every, WORD } from "./writes.ts";

/** Tokens of each chunk of `continuous-usage`; 16 together. */
const TOKENS_OF_CHUNK = [2, 1, 3, 1, 2, 1, 4, 2];

function cumulative(index: number): number {
  return TOKENS_OF_CHUNK.slice(0, index + 1).reduce((sum, tokens) => sum + tokens, 0);
}

export const COUNTS: readonly Scenario[] = [
  define({
    name: "usage-missing",
    title: "No usage although it was asked for: tokens and rate are estimated from bytes, and labelled so.",
    writes: [at(100, ROLE), ...every(20, 200, 20, () => text()), at(620, finish("stop"), DONE)],
    end: { kind: "end", atMs: 620 },
    truth: {
      outcome: "ok",
      ...ENVELOPE_FIRSTS,
      // ceil(20 x 5 bytes / 4) = 25 in 20 chunks (1.25 each: the first holds 1). (25 - 1) / (0.58 - 0.2)
      generationRateTokensPerSecond: 24 / 0.38,
      durationSeconds: 0.62,
      outputTokens: 25,
      estimated: true,
      stallCount: 0,
    },
  }),
  define({
    name: "chinese-text",
    title: "Chinese text without usage, raw and as escapes: bytes are counted, not characters.",
    writes: [
      at(100, ROLE),
      ...every(20, 200, 20, (i) => (i % 2 === 0 ? text("你好") : text("你好").replace("你好", "\\u4f60\\u597d"))),
      at(620, finish("stop"), DONE),
    ],
    end: { kind: "end", atMs: 620 },
    truth: {
      outcome: "ok",
      ...ENVELOPE_FIRSTS,
      // ceil(20 x 6 bytes / 4) = 30 in 20 chunks (1.5 each: the first holds 1). (30 - 1) / (0.58 - 0.2)
      generationRateTokensPerSecond: 29 / 0.38,
      durationSeconds: 0.62,
      outputTokens: 30,
      estimated: true,
      stallCount: 0,
    },
  }),
  define({
    name: "continuous-usage",
    title: "Cumulative usage in every chunk: the differences say how many tokens each chunk holds.",
    writes: [
      at(100, ROLE),
      ...every(40, 200, 8, (i) => text(WORD, { usage: usageOf(cumulative(i)) })),
      at(520, finish("stop", { usage: usageOf(16) }), usage(16), DONE),
    ],
    end: { kind: "end", atMs: 520 },
    truth: {
      ...REPORTED,
      ...ENVELOPE_FIRSTS,
      // The first chunk holds 2, as it says itself. (16 - 2) / (0.48 - 0.2)
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.52,
      outputTokens: 16,
    },
  }),
  define({
    name: "usage-decreases",
    title: "Cumulative usage that falls once: the counts per chunk are unusable, the last value stays.",
    writes: [
      at(100, ROLE),
      ...every(20, 200, 10, (i) => text(WORD, { usage: usageOf(i === 5 ? 3 : 2 * (i + 1)) })),
      at(400, finish("stop"), usage(20), DONE),
    ],
    end: { kind: "end", atMs: 400 },
    truth: {
      ...REPORTED,
      ...ENVELOPE_FIRSTS,
      // 20 tokens in 10 chunks of equal bytes: the first holds 2. (20 - 2) / (0.38 - 0.2)
      generationRateTokensPerSecond: 100,
      durationSeconds: 0.4,
      outputTokens: 20,
    },
  }),
  define({
    name: "usage-beside-choices",
    title: "Usage and server timings on the finish chunk, beside non-empty choices (llama.cpp).",
    writes: [
      at(100, ROLE),
      ...every(20, 200, 20, () => text()),
      at(
        620,
        finish("stop", {
          usage: usageOf(20),
          timings: {
            cache_n: 0,
            prompt_n: 7,
            prompt_ms: 90,
            predicted_n: 20,
            predicted_ms: 400,
            predicted_per_second: 50,
          },
        }),
        DONE,
      ),
    ],
    end: { kind: "end", atMs: 620 },
    truth: {
      ...REPORTED,
      ...ENVELOPE_FIRSTS,
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.62,
      outputTokens: 20,
    },
  }),
  define({
    name: "usage-after-finish",
    title: "The usage chunk comes a while after the finish reason, and the terminal marker after that.",
    writes: [
      at(100, ROLE),
      ...every(20, 200, 20, () => text()),
      at(600, finish("stop")),
      at(700, usage(20)),
      at(750, DONE),
    ],
    end: { kind: "end", atMs: 750 },
    truth: {
      ...REPORTED,
      ...ENVELOPE_FIRSTS,
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.75,
      outputTokens: 20,
    },
  }),
  define({
    name: "rejected-prediction",
    title: "Predicted output with rejected tokens: they are billed, but were not generated in the window.",
    writes: [
      at(100, ROLE),
      ...every(20, 200, 20, () => text()),
      at(620, finish("stop"), usage(30, { accepted_prediction_tokens: 4, rejected_prediction_tokens: 10 }), DONE),
    ],
    end: { kind: "end", atMs: 620 },
    truth: {
      ...REPORTED,
      ...ENVELOPE_FIRSTS,
      // (30 - 10 - 1) / (0.58 - 0.2)
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.62,
      outputTokens: 30,
    },
  }),
  define({
    name: "empty-completion",
    title: "A finish reason without any delta: no first token, and 0 tokens because the provider says 0.",
    writes: [at(100, ROLE), at(300, finish("stop"), usage(0), DONE)],
    end: { kind: "end", atMs: 300 },
    truth: { ...REPORTED, firstChunkSeconds: 0.1, durationSeconds: 0.3, outputTokens: 0 },
  }),
];
