/**
 * Span and resource attribute names we write (measurement contract 5.2, 5.3). `gen_ai.*` names are those of
 * semantic-conventions-genai v0.1.0, which no npm package exports. Seconds and tokens/s; an unknown value is not written.
 */
export const ATTR = {
  /** Resource: name of the process; never `unknown_service`. */
  serviceName: "service.name",
  serviceVersion: "service.version",

  /** `chat`, `text_completion`, `embeddings`, or the name given to the decorator. */
  genAiOperationName: "gen_ai.operation.name",
  /** Names the wire format unless a route or wrapper sets another name. */
  genAiProviderName: "gen_ai.provider.name",
  /** Model as requested. */
  genAiRequestModel: "gen_ai.request.model",
  /** Model as answered. */
  genAiResponseModel: "gen_ai.response.model",
  /** Id of the answer, as the provider gave it. */
  genAiResponseId: "gen_ai.response.id",
  /** Only if the application gave one; never invented. */
  genAiConversationId: "gen_ai.conversation.id",
  /** Host of the provider. */
  serverAddress: "server.address",
  serverPort: "server.port",

  /** `true`; written only when streaming. */
  genAiRequestStream: "gen_ai.request.stream",
  /** Limit of output tokens the request asked for. */
  genAiRequestMaxTokens: "gen_ai.request.max_tokens",
  genAiRequestTemperature: "gen_ai.request.temperature",
  genAiRequestTopP: "gen_ai.request.top_p",
  /** A whole number; v1.41 had a double. */
  genAiRequestTopK: "gen_ai.request.top_k",
  genAiRequestSeed: "gen_ai.request.seed",
  /** List of texts. */
  genAiRequestStopSequences: "gen_ai.request.stop_sequences",
  genAiRequestFrequencyPenalty: "gen_ai.request.frequency_penalty",
  genAiRequestPresencePenalty: "gen_ai.request.presence_penalty",
  /** Written if it is not 1. */
  genAiRequestChoiceCount: "gen_ai.request.choice.count",
  /** Reasoning effort as asked for, e.g. `low`. */
  genAiRequestReasoningLevel: "gen_ai.request.reasoning.level",

  /** One per choice; `error` in the place of one that was due and did not come. */
  genAiResponseFinishReasons: "gen_ai.response.finish_reasons",
  /** To the first chunk, role-only included; not the first token. */
  genAiResponseTimeToFirstChunk: "gen_ai.response.time_to_first_chunk",

  /** JSON of the messages asked. Content: only where the capture variable asks for it. */
  genAiInputMessages: "gen_ai.input.messages",
  /** JSON of the messages answered. Content, as above. */
  genAiOutputMessages: "gen_ai.output.messages",
  /** JSON of the instructions given beside the messages. Content, as above. */
  genAiSystemInstructions: "gen_ai.system_instructions",

  /** All input, cache reads and writes included. Counts of the provider only, never an estimate. */
  genAiUsageInputTokens: "gen_ai.usage.input_tokens",
  /** All output, reasoning included. */
  genAiUsageOutputTokens: "gen_ai.usage.output_tokens",
  /** Part of the input that came from a cache. */
  genAiUsageCacheReadInputTokens: "gen_ai.usage.cache_read.input_tokens",
  /** Part of the input that was written to a cache. */
  genAiUsageCacheWriteInputTokens: "gen_ai.usage.cache_write.input_tokens",
  /** The same in semantic conventions 1.41, written under `LLM_MONITOR_SEMCONV=v1.41` or `dup`. */
  genAiUsageCacheCreationInputTokens: "gen_ai.usage.cache_creation.input_tokens",
  /** Part of the output that was reasoning. */
  genAiUsageReasoningOutputTokens: "gen_ai.usage.reasoning.output_tokens",

  /** Closed list: core `ERROR_TYPES`; only with outcome `error`. */
  errorType: "error.type",
  httpResponseStatusCode: "http.response.status_code",
  /** `_OTHER` for a method HTTP does not define. */
  httpRequestMethod: "http.request.method",
  /** As sent; only beside `_OTHER`. */
  httpRequestMethodOriginal: "http.request.method_original",
  /** The pattern of a route, never the raw path. */
  httpRoute: "http.route",
  /** Redacted and cut; the query is never written. */
  urlPath: "url.path",
  urlScheme: "url.scheme",
  /** Version of HTTP, e.g. `1.1`. */
  networkProtocolVersion: "network.protocol.version",

  // Base names of the original monitor.
  /** Model as requested. */
  llmModelName: "llm.model_name",
  /** Operation as given, also where `gen_ai.operation.name` is mapped. */
  llmOperation: "llm.operation",
  llmInputTokens: "llm.input_tokens",
  /** Also when estimated; see `llm.token_source`. */
  llmOutputTokens: "llm.output_tokens",
  /** Input and output, when both are known. */
  llmTotalTokens: "llm.total_tokens",
  /** Decode rate in tokens/s, time to first token excluded. */
  llmGenerationRate: "llm.generation_rate",
  /** Request sent to end of response. */
  llmTotalDuration: "llm.total_duration",
  /** Equal to `llm.time_to_first_token_seconds`. */
  llmTtft: "llm.ttft",

  /** Status and headers are visible. */
  llmTimeToFirstByteSeconds: "llm.time_to_first_byte_seconds",
  /** First chunk of any content, role-only included. */
  llmTimeToFirstChunkSeconds: "llm.time_to_first_chunk_seconds",
  /** First counted delta of any kind. */
  llmTimeToFirstTokenSeconds: "llm.time_to_first_token_seconds",
  /** First visible output: not reasoning, not a tool call. */
  llmTimeToFirstAnswerTokenSeconds: "llm.time_to_first_answer_token_seconds",
  llmTimeToFirstToolCallSeconds: "llm.time_to_first_tool_call_seconds",
  /** Last counted delta; not the finish or usage chunk. */
  llmTimeToLastTokenSeconds: "llm.time_to_last_token_seconds",
  /** Inverse of the generation rate. */
  llmTimePerOutputTokenSeconds: "llm.time_per_output_token_seconds",
  /** Output tokens per second of the whole duration; another quantity than the generation rate. */
  llmEndToEndTokenRate: "llm.end_to_end_token_rate",
  /** Parsed data events. */
  llmChunkCount: "llm.chunk_count",
  /** Tokens in the chunk that opens the window of the generation rate. */
  llmFirstChunkTokens: "llm.first_chunk_tokens",
  /** `usage`, `assumed_one` or `proportional`. */
  llmFirstChunkTokensSource: "llm.first_chunk_tokens_source",
  /** Closed list: core `OUTCOMES`. On every LLM span of ours, and on no other span. */
  llmOutcome: "llm.outcome",
  llmStream: "llm.stream",
  /** `continuous_usage`, `usage`, `tokenizer` or `estimate`. */
  llmTokenSource: "llm.token_source",
  /** `none`, `streamed`, `summary` or `hidden`. */
  llmReasoningVisibility: "llm.reasoning_visibility",
  /** List of `duration`, `rate`; absent when not slow. */
  llmSlow: "llm.slow",
  /** Absent without a stall, like the next two. */
  llmStallCount: "llm.stall_count",
  llmStallLongestSeconds: "llm.stall_longest_seconds",
  /** Time lost in stalls. */
  llmStallTotalSeconds: "llm.stall_total_seconds",
  /** Limit of reasoning tokens the request asked for. */
  llmRequestReasoningBudgetTokens: "llm.request.reasoning_budget_tokens",
  /** Number of this attempt, from 1. */
  llmAttempt: "llm.attempt",
  /** Attempts of the whole call; absent when they were not visible. */
  llmAttempts: "llm.attempts",
  /** Raw provider code. */
  llmErrorCode: "llm.error.code",
  /** `wire` or `iterator`: where the marks were taken. */
  llmClockSource: "llm.clock_source",
  /** Longest event loop lag seen while the stream was open. */
  llmClockLagMaxSeconds: "llm.clock_lag_max_seconds",
  /** Time the stream waited for its reader. */
  llmConsumerWaitSeconds: "llm.consumer_wait_seconds",

  // What the inference server says of itself; it never replaces our own marks.
  llmServerQueueSeconds: "llm.server.queue_seconds",
  /** Loading the model. */
  llmServerLoadSeconds: "llm.server.load_seconds",
  /** vLLM: from being scheduled to the first token. */
  llmServerPrefillSeconds: "llm.server.prefill_seconds",
  llmServerDecodeSeconds: "llm.server.decode_seconds",
  /** The whole request as the server saw it. */
  llmServerTotalSeconds: "llm.server.total_seconds",
  /** Mean time between two tokens. */
  llmServerInterTokenSeconds: "llm.server.inter_token_seconds",
  llmServerDecodeRate: "llm.server.decode_rate",
  /** Prefill included: not comparable with `llm.generation_rate`. */
  llmServerEndToEndRate: "llm.server.end_to_end_rate",
  /** The same of the reasoning alone; its first token counts from being scheduled, like that of the content. */
  llmServerReasoningTokenCount: "llm.server.reasoning.token_count",
  llmServerReasoningTimeToFirstTokenSeconds: "llm.server.reasoning.time_to_first_token_seconds",
  llmServerReasoningDecodeSeconds: "llm.server.reasoning.decode_seconds",
  llmServerReasoningInterTokenSeconds: "llm.server.reasoning.inter_token_seconds",
  llmServerReasoningDecodeRate: "llm.server.reasoning.decode_rate",
  /** The same of the answer alone. */
  llmServerContentTokenCount: "llm.server.content.token_count",
  llmServerContentTimeToFirstTokenSeconds: "llm.server.content.time_to_first_token_seconds",
  llmServerContentDecodeSeconds: "llm.server.content.decode_seconds",
  llmServerContentInterTokenSeconds: "llm.server.content.inter_token_seconds",
  llmServerContentDecodeRate: "llm.server.content.decode_rate",
  /** Tokens that are neither reasoning nor content. */
  llmServerUnclassifiedTokenCount: "llm.server.unclassified_token_count",

  /** Times of all counted chunks; see `token-tape.ts`. */
  llmTokenTape: "llm.token_tape",
  /** Shape of the stream in 40 characters, added at ingest; see `fingerprint.ts`. */
  llmFingerprint: "llm.fingerprint",
  /** Why the trace was kept: `head`, `error`, `stalled`, `slow` or `slow_rate`. */
  samplingReason: "sampling.reason",
} as const;

/** Any attribute name we write. */
export type AttributeName = (typeof ATTR)[keyof typeof ATTR];
