export {
  ANSWER_KIND_BITS,
  DELTA_KIND_BIT,
  emptyStreamEvent,
  resetStreamEvent,
  type DeltaKind,
  type Provider,
  type ProviderFault,
  type RequestReading,
  type ResponseReading,
  type ServerPhaseTimings,
  type ServerTimings,
  type StreamEvent,
  type StreamEventSink,
  type StreamParser,
  type TokenUsage,
} from "./providers/provider.ts";
export { ERROR_TYPES, errorTypeOfStatus, OUTCOMES, type ErrorType, type Outcome } from "./model/outcome.ts";
export type {
  ClockSource,
  FirstChunkTokensSource,
  ReasoningVisibility,
  Stall,
  TapeEntry,
  CountedText,
  TokenSource,
  TokenTimings,
} from "./model/token-timings.ts";
export {
  createTokenClock,
  type AnswerProgress,
  type LiveStall,
  type TokenClock,
  type TokenClockOptions,
} from "./token-clock.ts";
export { decodeTokenTape, encodeTokenTape, type DecodedTape } from "./token-tape.ts";
export type { TapeOptions } from "./token-tape-encode.ts";
export { summarisesThinking } from "./providers/anthropic-event.ts";
export { anthropicMessages } from "./providers/anthropic-messages.ts";
export { openaiChat, openaiCompletions } from "./providers/openai-chat.ts";
export { openaiResponses } from "./providers/openai-responses.ts";
export { openaiEmbeddings } from "./providers/openai-embeddings.ts";
export { gemini } from "./providers/gemini.ts";
export { ollama } from "./providers/ollama.ts";
export { llmRouteOf, type LlmRoute, type WireFormat } from "./providers/routes.ts";
export { providerOfHost } from "./providers/hosts.ts";
export { providerByFormat } from "./providers/index.ts";
export { readFault } from "./providers/fault.ts";
export { readCutAnswer } from "./providers/cut-answer.ts";
export { readServerTimings } from "./server-timings-reading.ts";
export { encodeJaegerBatch, type JaegerAttributes, type JaegerSpan } from "./wire/jaeger-thrift.ts";
export {
  BATCH_FIELD,
  JAEGER_TAG,
  LOG_FIELD,
  PROCESS_FIELD,
  REF_TYPE,
  SPAN_FIELD,
  SPAN_REF_FIELD,
  TAG_FIELD,
  TAG_TYPE,
  THRIFT_STOP,
  THRIFT_TYPE,
} from "./wire/jaeger-schema.ts";
export { utf8Length } from "./utf8.ts";
export {
  SPAN_KINDS,
  STATUS_CODES,
  type AttributeMap,
  type AttributeValue,
  type RecordBatch,
  type Resource,
  type SpanEvent,
  type SpanKind,
  type SpanLink,
  type SpanRecord,
  type StatusCode,
} from "./model/span-record.ts";
export {
  columnValues,
  createColumnBatchBuilder,
  encodeColumnBatch,
  stampColumnBatch,
  type ColumnBatchBuilder,
  type ColumnRow,
} from "./model/column-batch.ts";
export { decodeColumnBatch, type ColumnBatch, type ResourceRow } from "./model/column-batch-decode.ts";
export type { ColumnReader } from "./model/column-reader.ts";
export { SPAN_COLUMN } from "./model/column-layout.ts";
export {
  decodeAttributeParts,
  decodeAttributes,
  encodeAttributes,
  encodeAttributeValue,
  type ColumnValues,
} from "./model/attribute-text.ts";
export { decodeEvents, decodeLinks, encodeEvents, encodeLinks } from "./model/span-extras.ts";
export { LLM_COLUMNS, storableLlmFields, type ColumnKind, type LlmColumn } from "./names/columns.ts";
export type { LlmFields } from "./llm-call.ts";
export { llmDraftOf, llmFieldsOf, readLlmFields, type LlmSpanContext } from "./llm-call-reading.ts";
export { PROMOTED, type PromotedField, type PromotedKind } from "./names/promoted.ts";
export { BUCKETS, METRICS } from "./names/metrics.ts";
export { GEN_AI_METRICS, GEN_AI_METRICS_V1_41 } from "./names/gen-ai-metrics.ts";
export { ATTR, type AttributeName } from "./names/attributes.ts";
export { isInferenceOperation } from "./names/operations.ts";
export { ENV } from "./names/env.ts";
export type { EnvProgram, EnvType, EnvVariable } from "./names/env-variable.ts";
export { createMetricRegistry } from "./metrics/registry.ts";
export { OVERFLOW_LABEL } from "./metrics/label-limits.ts";
export { negotiateExposition, type Exposition } from "./metrics/exposition.ts";
export { hasDotSegments, parseRequestTarget, type RequestTarget } from "./request-target.ts";
export { hostNameOf, isLoopbackName } from "./host-name.ts";
export { jsonDepthExceeds } from "./json-depth.ts";
export { DEFAULT_PAUSE_RULE, findPauses, type Pause, type PauseReport, type PauseRule } from "./stream-pauses.ts";
export { fingerprintOfTape } from "./tape-reading.ts";
export {
  decodeFingerprint,
  FINGERPRINT_BUCKETS,
  type FingerprintBucket,
  type FingerprintKind,
  type FingerprintLevel,
} from "./fingerprint.ts";
export type {
  CounterSeries,
  Exemplar,
  ExpositionFormat,
  FamilyReading,
  GaugeSeries,
  HistogramSeries,
  InstrumentType,
  Labels,
  MetricDefinition,
  MetricRegistry,
  MetricRegistryOptions,
  SeriesReading,
} from "./metrics/registry-contract.ts";
export { ALERTS, type AlertCondition, type AlertDefinition, type AlertLabel } from "./alerts.ts";
export { PORTS, type Port } from "./names/ports.ts";
export { ERROR_CODES, MonitorError, type ErrorCode, type ErrorDefinition } from "./errors.ts";
export { LIMITS } from "./limits.ts";
