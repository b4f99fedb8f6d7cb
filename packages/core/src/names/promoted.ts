/**
 * Which span attributes fill which field of an LLM call, best name first: our own `llm.*`, then `gen_ai` v0.1.0, then
 * older `gen_ai` names, then OpenInference (measurement contract 5.6).
 */
import type { LlmFields } from "../llm-call.ts";
import { ATTR } from "./attributes.ts";

/** How a value is read. `rate`: above 0. `derived`: has its own rule in `llm-call-reading.ts`. */
export type PromotedKind = "text" | "flag" | "seconds" | "rate" | "count" | "derived";

type KindOf<Value> = Value extends boolean
  ? "flag" | "derived"
  : Value extends number
    ? "seconds" | "rate" | "count" | "derived"
    : "text" | "derived";

/** One row; the kind has to fit the type of the field. */
export type PromotedField = {
  readonly [Field in keyof LlmFields]-?: {
    readonly field: Field;
    readonly kind: KindOf<NonNullable<LlmFields[Field]>>;
    /** Names in the order they are asked. */
    readonly attributes: readonly string[];
  };
}[keyof LlmFields];

/** Every field of {@link LlmFields} with its attributes; the columns of the store stand in `names/columns.ts`. */
export const PROMOTED = [
  {
    field: "provider",
    kind: "text",
    attributes: [ATTR.genAiProviderName, "gen_ai.system", "llm.provider", "llm.system"],
  },
  {
    field: "model",
    kind: "text",
    attributes: [
      ATTR.genAiRequestModel,
      ATTR.llmModelName,
      "llm.request.model_name",
      "embedding.model_name",
      "reranker.model_name",
    ],
  },
  { field: "responseModel", kind: "text", attributes: [ATTR.genAiResponseModel, "llm.response.model_name"] },
  { field: "operation", kind: "derived", attributes: [ATTR.llmOperation, ATTR.genAiOperationName] },
  { field: "outcome", kind: "derived", attributes: [ATTR.llmOutcome] },
  { field: "errorType", kind: "derived", attributes: [ATTR.errorType] },
  { field: "finishReason", kind: "derived", attributes: [ATTR.genAiResponseFinishReasons, "llm.finish_reason"] },
  { field: "tokenSource", kind: "derived", attributes: [ATTR.llmTokenSource] },
  { field: "conversationId", kind: "text", attributes: [ATTR.genAiConversationId, "session.id"] },
  { field: "streaming", kind: "flag", attributes: [ATTR.llmStream, ATTR.genAiRequestStream] },
  { field: "estimated", kind: "derived", attributes: [ATTR.llmTokenSource] },
  { field: "slow", kind: "derived", attributes: [ATTR.llmSlow] },
  { field: "clockTainted", kind: "derived", attributes: [ATTR.llmClockLagMaxSeconds] },
  { field: "attempt", kind: "count", attributes: [ATTR.llmAttempt] },
  { field: "attempts", kind: "count", attributes: [ATTR.llmAttempts] },
  { field: "firstByteSeconds", kind: "seconds", attributes: [ATTR.llmTimeToFirstByteSeconds] },
  {
    field: "firstChunkSeconds",
    kind: "seconds",
    attributes: [
      ATTR.llmTimeToFirstChunkSeconds,
      ATTR.genAiResponseTimeToFirstChunk,
      "gen_ai.client.operation.time_to_first_chunk",
    ],
  },
  {
    // Chunk-based values of other SDKs never come here: a first chunk may hold a role and no token.
    field: "ttftSeconds",
    kind: "seconds",
    attributes: [ATTR.llmTimeToFirstTokenSeconds, ATTR.llmTtft, "gen_ai.server.time_to_first_token"],
  },
  { field: "firstAnswerTokenSeconds", kind: "seconds", attributes: [ATTR.llmTimeToFirstAnswerTokenSeconds] },
  { field: "firstToolCallSeconds", kind: "seconds", attributes: [ATTR.llmTimeToFirstToolCallSeconds] },
  { field: "lastTokenSeconds", kind: "seconds", attributes: [ATTR.llmTimeToLastTokenSeconds] },
  { field: "generationRateTokensPerSecond", kind: "rate", attributes: [ATTR.llmGenerationRate] },
  { field: "endToEndRateTokensPerSecond", kind: "derived", attributes: [ATTR.llmEndToEndTokenRate] },
  { field: "timePerOutputTokenSeconds", kind: "derived", attributes: [ATTR.llmTimePerOutputTokenSeconds] },
  { field: "gapP50Seconds", kind: "derived", attributes: [ATTR.llmTokenTape] },
  { field: "gapP95Seconds", kind: "derived", attributes: [ATTR.llmTokenTape] },
  { field: "stallCount", kind: "derived", attributes: [ATTR.llmStallCount] },
  { field: "stallTotalSeconds", kind: "derived", attributes: [ATTR.llmStallTotalSeconds] },
  {
    field: "inputTokens",
    kind: "count",
    attributes: [
      ATTR.llmInputTokens,
      ATTR.genAiUsageInputTokens,
      "gen_ai.usage.prompt_tokens",
      "llm.token_count.prompt",
    ],
  },
  {
    field: "outputTokens",
    kind: "count",
    attributes: [
      ATTR.llmOutputTokens,
      ATTR.genAiUsageOutputTokens,
      "gen_ai.usage.completion_tokens",
      "llm.token_count.completion",
    ],
  },
  {
    field: "cacheReadTokens",
    kind: "count",
    attributes: [ATTR.genAiUsageCacheReadInputTokens, "llm.token_count.prompt_details.cache_read"],
  },
  {
    field: "cacheWriteTokens",
    kind: "count",
    attributes: [
      ATTR.genAiUsageCacheWriteInputTokens,
      ATTR.genAiUsageCacheCreationInputTokens,
      "llm.token_count.prompt_details.cache_write",
    ],
  },
  {
    field: "reasoningTokens",
    kind: "count",
    attributes: [ATTR.genAiUsageReasoningOutputTokens, "llm.token_count.completion_details.reasoning"],
  },
  { field: "tokenTape", kind: "text", attributes: [ATTR.llmTokenTape] },
  { field: "fingerprint", kind: "text", attributes: [ATTR.llmFingerprint] },
] as const satisfies readonly PromotedField[];

const NAMES: ReadonlyMap<keyof LlmFields, readonly string[]> = new Map(
  PROMOTED.map(({ field, attributes }) => [field, attributes]),
);

/** Attribute names of a field, best first. */
export function promotedNames(field: keyof LlmFields): readonly string[] {
  return NAMES.get(field) ?? [];
}
