export {
  GROUP_KEYS,
  NUMBER_COLUMNS,
  type AcknowledgedListener,
  type AggregateRow,
  type AggregateSpec,
  type AttributeCondition,
  type BackupReport,
  type CallFilter,
  type CallList,
  type CallPage,
  type CallRow,
  type CallSort,
  type Capabilities,
  type ColumnStats,
  type DayReport,
  type Facets,
  type FacetValue,
  type GroupKey,
  type NumberColumn,
  type NumberCondition,
  type PurgePreview,
  type PurgeReport,
  type PurgeSelector,
  type RankedValues,
  type RetentionPolicy,
  type RetentionReport,
  type ServiceLink,
  type SpanFilter,
  type SpanName,
  type StoredSpan,
  type StoreLogger,
  type StoreStats,
  type TimeRange,
  type TraceMatch,
  type TraceStore,
  type ValueRank,
  type ValueRanks,
  type WriteOutcome,
} from "./contract.ts";
export { acknowledgedSpans, type AcknowledgedSpans } from "./acknowledged-spans.ts";
export type { EncodedSpans } from "./encoded-spans.ts";
export { createMemoryStore, type MemoryStoreOptions } from "./memory/memory-store.ts";
export { openDataFolder } from "./data-folder.ts";
export { restoreBackup } from "./backup.ts";
export type { CopiedFile } from "./copy-files.ts";
export { openEmbeddedStore } from "./embedded.ts";
export type { EmbeddedStoreOptions } from "./embedded-options.ts";
export type { EngineLimits } from "./duckdb/database.ts";
export { nodeIoPort, type AppendFile, type IoPort } from "./io-port.ts";
export { createMemoryMetricStore } from "./memory/memory-metric-store.ts";
export type { MetricStoreOptions } from "./metric-options.ts";
export type { EmbeddedMetricStoreOptions } from "./metrics/embedded-metric-options.ts";
export { openEmbeddedMetricStore } from "./metrics/embedded-metric-store.ts";
export {
  isStaleMarker,
  STALE_MARKER,
  STALE_NAN_BITS,
  type FamilyMetadata,
  type HistogramSample,
  type LabelMatcher,
  type MetricBatch,
  type MetricDayReport,
  type MetricExemplar,
  type MetricRetention,
  type MetricSeries,
  type MetricStore,
  type MetricStoreStats,
  type MetricType,
  type ScalarSample,
  type SeriesFilter,
  type SeriesSamples,
  type SummarySample,
} from "./metric-contract.ts";
export { readMemoryLimit } from "./memory-limit.ts";
export { createSlots, type Slots } from "./slots.ts";
export { labelTest } from "./metric-query-rules.ts";
