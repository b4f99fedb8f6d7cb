/**
 * The OTLP messages we read and write, as field tables. Only fields that we use stand here; the decoder skips the rest.
 * Enumerations are `int32` on the wire and here, so a number we do not know survives.
 * @see https://github.com/open-telemetry/opentelemetry-proto
 */

/** Scalar type, or the name of a message of this table. */
type FieldType =
  | "string"
  | "bytes"
  | "bool"
  | "double"
  | "sfixed64"
  | "uint64"
  | "sint32"
  | "int32"
  | "int64"
  | "uint32"
  | "fixed32"
  | "fixed64"
  | MessageName;

/** Name (snake_case, as in the .proto file), number, type; then `repeated` or the name of its oneof. */
export type FieldRow =
  | readonly [name: string, number: number, type: FieldType]
  | readonly [name: string, number: number, type: FieldType, label: "repeated" | "oneof value"];

const MESSAGE_NAMES = [
  "AnyValue",
  "ArrayValue",
  "KeyValueList",
  "KeyValue",
  "Resource",
  "InstrumentationScope",
  "SpanStatus",
  "SpanEvent",
  "SpanLink",
  "Span",
  "ScopeSpans",
  "ResourceSpans",
  "ExportTraceServiceRequest",
  "Empty",
  "Exemplar",
  "NumberDataPoint",
  "HistogramDataPoint",
  "ExponentialBuckets",
  "ExponentialHistogramDataPoint",
  "ValueAtQuantile",
  "SummaryDataPoint",
  "Gauge",
  "Sum",
  "Histogram",
  "ExponentialHistogram",
  "Summary",
  "Metric",
  "ScopeMetrics",
  "ResourceMetrics",
  "ExportMetricsServiceRequest",
  "ScopeLogs",
  "ResourceLogs",
  "ExportLogsServiceRequest",
  "PartialSuccess",
  "ExportServiceResponse",
  "RpcStatus",
  "ProtobufAny",
  "RetryInfo",
  "Duration",
] as const;
export type MessageName = (typeof MESSAGE_NAMES)[number];

/** Every message by name. Names are ours; only numbers and types matter on the wire. */
export const OTLP_MESSAGES: Readonly<Record<MessageName, readonly FieldRow[]>> = {
  AnyValue: [
    ["string_value", 1, "string", "oneof value"],
    ["bool_value", 2, "bool", "oneof value"],
    ["int_value", 3, "int64", "oneof value"],
    ["double_value", 4, "double", "oneof value"],
    ["array_value", 5, "ArrayValue", "oneof value"],
    ["kvlist_value", 6, "KeyValueList", "oneof value"],
    ["bytes_value", 7, "bytes", "oneof value"],
  ],
  ArrayValue: [["values", 1, "AnyValue", "repeated"]],
  KeyValueList: [["values", 1, "KeyValue", "repeated"]],
  KeyValue: [
    ["key", 1, "string"],
    ["value", 2, "AnyValue"],
  ],
  Resource: [["attributes", 1, "KeyValue", "repeated"]],
  InstrumentationScope: [["name", 1, "string"]],
  SpanStatus: [
    ["message", 2, "string"],
    ["code", 3, "int32"],
  ],
  SpanEvent: [
    ["time_unix_nano", 1, "fixed64"],
    ["name", 2, "string"],
    ["attributes", 3, "KeyValue", "repeated"],
  ],
  SpanLink: [
    ["trace_id", 1, "bytes"],
    ["span_id", 2, "bytes"],
    ["attributes", 4, "KeyValue", "repeated"],
  ],
  Span: [
    ["trace_id", 1, "bytes"],
    ["span_id", 2, "bytes"],
    ["trace_state", 3, "string"],
    ["parent_span_id", 4, "bytes"],
    ["name", 5, "string"],
    ["kind", 6, "int32"],
    ["start_time_unix_nano", 7, "fixed64"],
    ["end_time_unix_nano", 8, "fixed64"],
    ["attributes", 9, "KeyValue", "repeated"],
    ["events", 11, "SpanEvent", "repeated"],
    ["links", 13, "SpanLink", "repeated"],
    ["status", 15, "SpanStatus"],
    ["flags", 16, "fixed32"],
  ],
  ScopeSpans: [
    ["scope", 1, "InstrumentationScope"],
    ["spans", 2, "Span", "repeated"],
  ],
  ResourceSpans: [
    ["resource", 1, "Resource"],
    ["scope_spans", 2, "ScopeSpans", "repeated"],
  ],
  ExportTraceServiceRequest: [["resource_spans", 1, "ResourceSpans", "repeated"]],
  Exemplar: [
    ["time_unix_nano", 2, "fixed64"],
    ["as_double", 3, "double", "oneof value"],
    ["span_id", 4, "bytes"],
    ["trace_id", 5, "bytes"],
    ["as_int", 6, "sfixed64", "oneof value"],
    ["filtered_attributes", 7, "KeyValue", "repeated"],
  ],
  NumberDataPoint: [
    ["start_time_unix_nano", 2, "fixed64"],
    ["time_unix_nano", 3, "fixed64"],
    ["as_double", 4, "double", "oneof value"],
    ["exemplars", 5, "Exemplar", "repeated"],
    ["as_int", 6, "sfixed64", "oneof value"],
    ["attributes", 7, "KeyValue", "repeated"],
    ["flags", 8, "uint32"],
  ],
  // `sum` is optional, which on the wire is a oneof of one field: only so an absent one differs from 0.
  HistogramDataPoint: [
    ["start_time_unix_nano", 2, "fixed64"],
    ["time_unix_nano", 3, "fixed64"],
    ["count", 4, "fixed64"],
    ["sum", 5, "double", "oneof value"],
    ["bucket_counts", 6, "fixed64", "repeated"],
    ["explicit_bounds", 7, "double", "repeated"],
    ["exemplars", 8, "Exemplar", "repeated"],
    ["attributes", 9, "KeyValue", "repeated"],
    ["flags", 10, "uint32"],
  ],
  ExponentialBuckets: [
    ["offset", 1, "sint32"],
    ["bucket_counts", 2, "uint64", "repeated"],
  ],
  ExponentialHistogramDataPoint: [
    ["attributes", 1, "KeyValue", "repeated"],
    ["start_time_unix_nano", 2, "fixed64"],
    ["time_unix_nano", 3, "fixed64"],
    ["count", 4, "fixed64"],
    ["sum", 5, "double", "oneof value"],
    ["scale", 6, "sint32"],
    ["zero_count", 7, "fixed64"],
    ["positive", 8, "ExponentialBuckets"],
    ["negative", 9, "ExponentialBuckets"],
    ["flags", 10, "uint32"],
    ["exemplars", 11, "Exemplar", "repeated"],
    ["zero_threshold", 14, "double"],
  ],
  ValueAtQuantile: [
    ["quantile", 1, "double"],
    ["value", 2, "double"],
  ],
  SummaryDataPoint: [
    ["start_time_unix_nano", 2, "fixed64"],
    ["time_unix_nano", 3, "fixed64"],
    ["count", 4, "fixed64"],
    ["sum", 5, "double"],
    ["quantile_values", 6, "ValueAtQuantile", "repeated"],
    ["attributes", 7, "KeyValue", "repeated"],
    ["flags", 8, "uint32"],
  ],
  Gauge: [["data_points", 1, "NumberDataPoint", "repeated"]],
  Sum: [
    ["data_points", 1, "NumberDataPoint", "repeated"],
    ["aggregation_temporality", 2, "int32"],
    ["is_monotonic", 3, "bool"],
  ],
  Histogram: [
    ["data_points", 1, "HistogramDataPoint", "repeated"],
    ["aggregation_temporality", 2, "int32"],
  ],
  ExponentialHistogram: [
    ["data_points", 1, "ExponentialHistogramDataPoint", "repeated"],
    ["aggregation_temporality", 2, "int32"],
  ],
  Summary: [["data_points", 1, "SummaryDataPoint", "repeated"]],
  Metric: [
    ["name", 1, "string"],
    ["description", 2, "string"],
    ["unit", 3, "string"],
    ["gauge", 5, "Gauge"],
    ["sum", 7, "Sum"],
    ["histogram", 9, "Histogram"],
    ["exponential_histogram", 10, "ExponentialHistogram"],
    ["summary", 11, "Summary"],
  ],
  ScopeMetrics: [["metrics", 2, "Metric", "repeated"]],
  ResourceMetrics: [
    ["resource", 1, "Resource"],
    ["scope_metrics", 2, "ScopeMetrics", "repeated"],
  ],
  ExportMetricsServiceRequest: [["resource_metrics", 1, "ResourceMetrics", "repeated"]],
  // Logs are only counted, so that the answer can say how many were turned away.
  Empty: [],
  ScopeLogs: [["log_records", 2, "Empty", "repeated"]],
  ResourceLogs: [["scope_logs", 2, "ScopeLogs", "repeated"]],
  ExportLogsServiceRequest: [["resource_logs", 1, "ResourceLogs", "repeated"]],
  // The three response messages differ in the name of the first field only, which the wire does not carry.
  PartialSuccess: [
    ["rejected", 1, "int64"],
    ["error_message", 2, "string"],
  ],
  ExportServiceResponse: [["partial_success", 1, "PartialSuccess"]],
  RpcStatus: [
    ["code", 1, "int32"],
    ["message", 2, "string"],
    ["details", 3, "ProtobufAny", "repeated"],
  ],
  ProtobufAny: [
    ["type_url", 1, "string"],
    ["value", 2, "bytes"],
  ],
  RetryInfo: [["retry_delay", 1, "Duration"]],
  Duration: [
    ["seconds", 1, "int64"],
    ["nanos", 2, "int32"],
  ],
};
