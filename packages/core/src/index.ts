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
  TokenSource,
  TokenTimings,
} from "./model/token-timings.ts";
export type { LiveStall, TokenClock, TokenClockOptions } from "./token-clock.ts";
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
export type { LlmFields } from "./llm-call.ts";
export type {
  CounterSeries,
  Exemplar,
  ExpositionFormat,
  GaugeSeries,
  HistogramSeries,
  InstrumentType,
  Labels,
  MetricDefinition,
  MetricRegistry,
  MetricRegistryOptions,
} from "./metrics/registry-contract.ts";
export { PORTS, type Port } from "./names/ports.ts";
export { ERROR_CODES, MonitorError, type ErrorCode, type ErrorDefinition } from "./errors.ts";
export { LIMITS } from "./limits.ts";
