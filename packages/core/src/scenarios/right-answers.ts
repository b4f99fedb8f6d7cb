/** What the right answers of many scenarios have in common; the times are those of the writes that they are about. */

/** An answer of 7 input tokens that came to its end and reported its usage. */
export const REPORTED = { outcome: "ok", inputTokens: 7, estimated: false, stallCount: 0 } as const;

/** The connection broke before the end of the answer. */
export const INTERRUPTED = { outcome: "error", errorType: "stream_interrupted", stallCount: 0 } as const;

/** Firsts of an envelope or a role-only chunk at 100 ms and text from 200 ms on. */
export const ENVELOPE_FIRSTS = { firstChunkSeconds: 0.1, ttftSeconds: 0.2, firstAnswerTokenSeconds: 0.2 } as const;

/** Firsts of text from 200 ms on, and nothing before it. */
export const TEXT_FIRSTS = { firstChunkSeconds: 0.2, ttftSeconds: 0.2, firstAnswerTokenSeconds: 0.2 } as const;

/** 20 words, 20 ms apart from 200 ms on, and an end at 620 ms: (20 - 1) / (0.58 - 0.2). */
export const TWENTY_WORDS = { generationRateTokensPerSecond: 50, durationSeconds: 0.62, outputTokens: 20 } as const;

/**
 * 8 words, 20 ms apart from 200 ms on, without usage: ceil(8 x 5 / 4) = 10 tokens in 8 chunks (1.25 each: the first
 * holds 1), so (10 - 1) / (0.34 - 0.2).
 */
export const EIGHT_WORDS = { generationRateTokensPerSecond: 9 / 0.14, outputTokens: 10, estimated: true } as const;
