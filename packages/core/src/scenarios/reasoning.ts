/** Reasoning that is hidden, streamed in full, summarised, or only hinted at. */
import { define } from "./define.ts";
import { delta, DONE, finish, ROLE, text, usage } from "./openai-frames.ts";
import { REPORTED } from "./right-answers.ts";
import type { Scenario } from "./scenario.ts";
import { at, every, WORD } from "./writes.ts";

const summary = (): string =>
  delta({ reasoning: WORD, reasoning_details: [{ type: "reasoning.summary", summary: WORD, index: 0 }] });

export const REASONING: readonly Scenario[] = [
  define({
    name: "hidden-reasoning",
    title: "100 reasoning tokens that only usage knows of: they are no part of the generating window.",
    writes: [
      at(100, ROLE),
      ...every(20, 800, 20, () => text()),
      at(1220, finish("stop"), usage(120, { reasoning_tokens: 100 }), DONE),
    ],
    end: { kind: "end", atMs: 1220 },
    truth: {
      ...REPORTED,
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.8,
      firstAnswerTokenSeconds: 0.8,
      // (120 - 100 - 1) / (1.18 - 0.8)
      generationRateTokensPerSecond: 50,
      durationSeconds: 1.22,
      outputTokens: 120,
    },
  }),
  define({
    name: "streamed-reasoning",
    title: "Reasoning streamed in full: its first delta is the first token, the answer's comes later.",
    writes: [
      at(100, ROLE),
      // Both names that compatible servers use.
      ...every(20, 200, 10, (i) => delta(i < 5 ? { reasoning_content: WORD } : { reasoning: WORD })),
      ...every(20, 400, 10, () => text()),
      at(620, finish("stop"), usage(20, { reasoning_tokens: 10 }), DONE),
    ],
    end: { kind: "end", atMs: 620 },
    truth: {
      ...REPORTED,
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.4,
      // Nothing is subtracted. (20 - 1) / (0.58 - 0.2)
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.62,
      outputTokens: 20,
    },
  }),
  define({
    name: "summarised-reasoning",
    title: "A summary of the reasoning is streamed: the window begins with the answer, the reasoning is subtracted.",
    writes: [
      at(100, ROLE),
      ...every(20, 200, 5, summary),
      ...every(20, 500, 20, () => text()),
      at(920, finish("stop"), usage(120, { reasoning_tokens: 100 }), DONE),
    ],
    end: { kind: "end", atMs: 920 },
    truth: {
      ...REPORTED,
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.5,
      // (120 - 100 - 1) / (0.88 - 0.5)
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.92,
      outputTokens: 120,
    },
  }),
  define({
    name: "reasoning-without-count",
    title: "An encrypted reasoning block and no reasoning count: how much was generated in the window is unknown.",
    writes: [
      at(100, ROLE),
      at(150, delta({ content: "", reasoning_details: [{ type: "reasoning.encrypted", data: "b3BhcXVl", index: 0 }] })),
      ...every(20, 200, 20, () => text()),
      at(620, finish("stop"), usage(120), DONE),
    ],
    end: { kind: "end", atMs: 620 },
    truth: {
      ...REPORTED,
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.2,
      durationSeconds: 0.62,
      outputTokens: 120,
    },
  }),
];
