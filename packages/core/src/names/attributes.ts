/**
 * Span and resource attribute names we write (measurement contract 5.2, 5.3). `gen_ai.*` names are those of
 * semantic-conventions-genai v0.1.0, which no npm package exports.
 */
export const ATTR = {
  serviceName: "service.name",
  serviceVersion: "service.version",
  /** `chat`, `text_completion`, `embeddings`, … */
  genAiOperationName: "gen_ai.operation.name",
  /** Names the wire format unless configured. */
  genAiProviderName: "gen_ai.provider.name",
  genAiRequestModel: "gen_ai.request.model",
  genAiResponseModel: "gen_ai.response.model",
  genAiResponseId: "gen_ai.response.id",
  genAiConversationId: "gen_ai.conversation.id",
  serverAddress: "server.address",
  serverPort: "server.port",
  /** Written only when streaming. */
  genAiRequestStream: "gen_ai.request.stream",
  genAiRequestMaxTokens: "gen_ai.request.max_tokens",
  genAiRequestTemperature: "gen_ai.request.temperature",
  genAiRequestTopP: "gen_ai.request.top_p",
  genAiRequestTopK: "gen_ai.request.top_k",
  genAiRequestSeed: "gen_ai.request.seed",
  genAiRequestStopSequences: "gen_ai.request.stop_sequences",
  genAiRequestFrequencyPenalty: "gen_ai.request.frequency_penalty",
  genAiRequestPresencePenalty: "gen_ai.request.presence_penalty",
  genAiRequestChoiceCount: "gen_ai.request.choice.count",
  genAiRequestReasoningLevel: "gen_ai.request.reasoning.level",
  genAiOutputType: "gen_ai.output.type",
  genAiResponseFinishReasons: "gen_ai.response.finish_reasons",
  /** Seconds to the first chunk, role-only included; not the first token. */
  genAiResponseTimeToFirstChunk: "gen_ai.response.time_to_first_chunk",
  genAiUsageInputTokens: "gen_ai.usage.input_tokens",
  genAiUsageOutputTokens: "gen_ai.usage.output_tokens",
  genAiUsageCacheReadInputTokens: "gen_ai.usage.cache_read.input_tokens",
  genAiUsageCacheWriteInputTokens: "gen_ai.usage.cache_write.input_tokens",
  /** Name of semantic conventions 1.41, written under `LLM_MONITOR_SEMCONV=v1.41` or `dup`. */
  genAiUsageCacheCreationInputTokens: "gen_ai.usage.cache_creation.input_tokens",
  genAiUsageReasoningOutputTokens: "gen_ai.usage.reasoning.output_tokens",
  /** Closed list: core `ERROR_TYPES`. */
  errorType: "error.type",
  httpResponseStatusCode: "http.response.status_code",
  httpRequestMethod: "http.request.method",
  httpRoute: "http.route",
  openaiApiType: "openai.api.type",

  // Base names of the original monitor; seconds and tokens/s, absent when unknown.
  llmModelName: "llm.model_name",
  llmOperation: "llm.operation",
  llmInputTokens: "llm.input_tokens",
  llmOutputTokens: "llm.output_tokens",
  llmTotalTokens: "llm.total_tokens",
  llmGenerationRate: "llm.generation_rate",
  llmTotalDuration: "llm.total_duration",
  llmTtft: "llm.ttft",

  llmTimeToFirstByteSeconds: "llm.time_to_first_byte_seconds",
  llmTimeToFirstChunkSeconds: "llm.time_to_first_chunk_seconds",
  llmTimeToFirstTokenSeconds: "llm.time_to_first_token_seconds",
  llmTimeToFirstAnswerTokenSeconds: "llm.time_to_first_answer_token_seconds",
  llmTimeToFirstToolCallSeconds: "llm.time_to_first_tool_call_seconds",
  llmTimeToLastTokenSeconds: "llm.time_to_last_token_seconds",
  llmTimePerOutputTokenSeconds: "llm.time_per_output_token_seconds",
  llmEndToEndTokenRate: "llm.end_to_end_token_rate",
  llmChunkCount: "llm.chunk_count",
  llmFirstChunkTokens: "llm.first_chunk_tokens",
  llmFirstChunkTokensSource: "llm.first_chunk_tokens_source",
  llmOutcome: "llm.outcome",
  llmStream: "llm.stream",
  llmTokenSource: "llm.token_source",
  llmReasoningVisibility: "llm.reasoning_visibility",
  /** List of `duration`, `rate`. */
  llmSlow: "llm.slow",
  llmStallCount: "llm.stall_count",
  llmStallLongestSeconds: "llm.stall_longest_seconds",
  llmStallTotalSeconds: "llm.stall_total_seconds",
  llmAttempt: "llm.attempt",
  llmAttempts: "llm.attempts",
  /** Raw provider code. */
  llmErrorCode: "llm.error.code",
  /** `wire` or `iterator`. */
  llmClockSource: "llm.clock_source",
  llmClockLagMaxSeconds: "llm.clock_lag_max_seconds",
  llmConsumerWaitSeconds: "llm.consumer_wait_seconds",
  llmServerQueueSeconds: "llm.server.queue_seconds",
  llmServerPrefillSeconds: "llm.server.prefill_seconds",
  llmServerDecodeSeconds: "llm.server.decode_seconds",
  llmServerDecodeRate: "llm.server.decode_rate",
  llmTokenTape: "llm.token_tape",
  /** Added by the server at ingest: the tape's shape in 60 buckets. */
  llmFingerprint: "llm.fingerprint",
  samplingReason: "sampling.reason",
} as const;

/** Any attribute name we write. */
export type AttributeName = (typeof ATTR)[keyof typeof ATTR];
