/**
 * Fields of an LLM call while they are read: an object that has every field from the start. One that grows field by field
 * turns into a table, and each look at it is slow.
 */
import type { LlmFields } from "./llm-call.ts";

/** Undefined where the value is unknown. */
export type LlmDraft = { -readonly [Field in keyof LlmFields]-?: LlmFields[Field] | undefined };

export function emptyLlmDraft(): LlmDraft {
  return {
    provider: undefined,
    model: undefined,
    responseModel: undefined,
    operation: undefined,
    outcome: undefined,
    errorType: undefined,
    finishReason: undefined,
    tokenSource: undefined,
    conversationId: undefined,
    streaming: undefined,
    estimated: undefined,
    slow: undefined,
    clockTainted: undefined,
    attempt: undefined,
    firstByteSeconds: undefined,
    firstChunkSeconds: undefined,
    ttftSeconds: undefined,
    firstAnswerTokenSeconds: undefined,
    firstToolCallSeconds: undefined,
    lastTokenSeconds: undefined,
    generationRateTokensPerSecond: undefined,
    endToEndRateTokensPerSecond: undefined,
    timePerOutputTokenSeconds: undefined,
    gapP50Seconds: undefined,
    gapP95Seconds: undefined,
    stallCount: undefined,
    stallTotalSeconds: undefined,
    inputTokens: undefined,
    outputTokens: undefined,
    cacheReadTokens: undefined,
    cacheWriteTokens: undefined,
    reasoningTokens: undefined,
    tokenTape: undefined,
    fingerprint: undefined,
    attempts: undefined,
  };
}

/** The fields that are known. */
export function presentFields(draft: LlmDraft): LlmFields {
  return Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined));
}
