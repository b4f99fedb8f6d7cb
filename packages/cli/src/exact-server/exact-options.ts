import { z } from "zod";

const timeMs = z.number().min(0).max(600_000);
const count = z.int().min(0).max(100_000);

/**
 * The `exact` field of a request body: any schedule, written as numbers. The defaults are the reference schedule:
 * role chunk at 400 ms, first token at 500 ms, 20 tokens 20 ms apart, finish and usage 300 ms after the last one.
 */
export const exactOptionsSchema = z
  .strictObject({
    /** When the role-only first chunk is written; default 400, never later than the first token. */
    roleMs: timeMs.optional(),
    /** When the first token is written. For a non-streaming or failing answer: its share of the time, or all of it. */
    ttftMs: timeMs.default(500),
    /** Output tokens, reasoning included. */
    tokens: count.default(20),
    /** Distance of two tokens. */
    gapMs: timeMs.default(20),
    /** Tokens that share one chunk; the chunk comes when its first token is due. */
    tokensPerChunk: z.int().min(1).max(1_000).default(1),
    /** How many of `tokens` are streamed first, as reasoning (OpenAI chat: `reasoning_content`). */
    reasoningTokens: count.default(0),
    /** The answer is one tool call whose arguments are streamed; Gemini and Ollama send it whole, with its last token. */
    toolCall: z.boolean().default(false),
    /** Extra silence after a token. */
    stalls: z
      .array(z.strictObject({ afterToken: z.int().min(1).max(100_000), ms: timeMs }))
      .max(100)
      .default([]),
    /** Every gap varies by up to this share of itself, either way; 0 = exact. */
    jitter: z.number().min(0).max(1).default(0),
    /** Makes the jitter repeatable. */
    seed: z.int().min(0).max(0xffffffff).default(1),
    /** 400 or more: the answer is an error in the shape of the route's provider. */
    status: z.union([z.literal(200), z.int().min(400).max(599)]).default(200),
    /** The connection is reset one gap after this many tokens. */
    dropAfterTokens: count.optional(),
    /** An error event is sent one gap after this many tokens, under status 200. */
    errorAfterTokens: count.optional(),
    /** Default: the provider's word for a normal end, e.g. `stop`, or for a tool call, e.g. `tool_calls`. */
    finishReason: z.string().min(1).max(64).optional(),
    /** From the last token to finish reason and usage; default 300. */
    finishMs: timeMs.default(300),
    /** Reported input tokens; default: bytes of the prompt / 4. */
    inputTokens: z.int().min(0).max(10_000_000).optional(),
  })
  .refine((exact) => exact.reasoningTokens <= exact.tokens, {
    path: ["reasoningTokens"],
    message: "must not be more than tokens",
  })
  .refine((exact) => exact.dropAfterTokens === undefined || exact.errorAfterTokens === undefined, {
    path: ["errorAfterTokens"],
    message: "cannot be combined with dropAfterTokens",
  });

/** A schedule written as numbers, defaults filled in. Milliseconds and tokens. */
export type ExactOptions = z.output<typeof exactOptionsSchema>;
