/** What the client does to a stream. */
import { define } from "./define.ts";
import { DONE, finish, ROLE, text, usage } from "./openai-frames.ts";
import { ENVELOPE_FIRSTS } from "./right-answers.ts";
import type { Scenario } from "./scenario.ts";
import { at, every } from "./writes.ts";

/**
 * 8 words, 40 ms apart from 200 ms on, without usage: ceil(8 x 5 / 4) = 10 tokens in 8 chunks (1.25 each: the first
 * holds 1), so (10 - 1) / (0.48 - 0.2).
 */
const EIGHT_WORDS = { generationRateTokensPerSecond: 9 / 0.28, outputTokens: 10, estimated: true } as const;

/** The next word comes late enough that no measuring side can see it before the client is gone. */
const MORE_TO_COME = [at(100, ROLE), ...every(40, 200, 8, () => text()), at(780, text()), at(980, text())];

export const CLIENTS: readonly Scenario[] = [
  define({
    name: "early-break",
    title: "The consumer leaves its loop after 8 chunks: cancelled, with what was seen until then.",
    writes: MORE_TO_COME,
    end: { kind: "hang" },
    client: { kind: "break", afterCountedChunks: 8 },
    truth: { outcome: "cancelled", ...ENVELOPE_FIRSTS, ...EIGHT_WORDS, durationSeconds: 0.48, stallCount: 0 },
  }),
  define({
    name: "client-abort",
    title: "The client aborts in the middle of the answer.",
    writes: MORE_TO_COME,
    end: { kind: "hang" },
    client: { kind: "abort", atMs: 600 },
    truth: { outcome: "cancelled", ...ENVELOPE_FIRSTS, ...EIGHT_WORDS, durationSeconds: 0.6, stallCount: 0 },
  }),
  define({
    name: "abort-before-first-token",
    title: "The client aborts while it waits for the first token.",
    writes: [at(100, ROLE), at(1500, text()), at(1600, finish("stop"), usage(1), DONE)],
    end: { kind: "hang" },
    client: { kind: "abort", atMs: 400 },
    truth: { outcome: "cancelled", firstChunkSeconds: 0.1, durationSeconds: 0.4, estimated: false, stallCount: 0 },
  }),
  define({
    name: "never-read",
    title: "The application takes the stream and never reads it.",
    writes: [at(100, ROLE), ...every(20, 200, 20, () => text()), at(620, finish("stop"), usage(20), DONE)],
    end: { kind: "end", atMs: 620 },
    client: { kind: "never_read" },
    truth: { outcome: "abandoned", estimated: false, stallCount: 0 },
    targets: ["sdk"],
  }),
];
