/**
 * The part of Jaeger's thrift model that travels as `Batch` (measurement contract 8.1): what the encoder writes and a
 * decoder reads. Field ids and enum values are those of `jaeger.thrift`; they never change.
 */

/** Type codes of TBinaryProtocol. A struct ends with {@link THRIFT_STOP}. */
export const THRIFT_TYPE = {
  bool: 2,
  byte: 3,
  double: 4,
  i16: 6,
  i32: 8,
  i64: 10,
  string: 11,
  struct: 12,
  map: 13,
  set: 14,
  list: 15,
} as const;
export const THRIFT_STOP = 0;

export const BATCH_FIELD = { process: 1, spans: 2 } as const;
export const PROCESS_FIELD = { serviceName: 1, tags: 2 } as const;
export const SPAN_FIELD = {
  traceIdLow: 1,
  traceIdHigh: 2,
  spanId: 3,
  /** 0 for a root. */
  parentSpanId: 4,
  operationName: 5,
  references: 6,
  /** Bit 0: sampled. */
  flags: 7,
  /** Unix microseconds. */
  startTime: 8,
  /** Microseconds. */
  duration: 9,
  tags: 10,
  logs: 11,
} as const;
export const TAG_FIELD = { key: 1, vType: 2, vStr: 3, vDouble: 4, vBool: 5, vLong: 6, vBinary: 7 } as const;
export const LOG_FIELD = {
  /** Unix microseconds. */
  timestamp: 1,
  fields: 2,
} as const;
export const SPAN_REF_FIELD = { refType: 1, traceIdLow: 2, traceIdHigh: 3, spanId: 4 } as const;

/** Values of `Tag.vType`: which of the value fields holds the value. */
export const TAG_TYPE = { string: 0, double: 1, bool: 2, long: 3, binary: 4 } as const;
/** Values of `SpanRef.refType`. */
export const REF_TYPE = { childOf: 0, followsFrom: 1 } as const;

/** Tags that hold what OpenTelemetry keeps in fields of a span and Jaeger does not. */
export const JAEGER_TAG = {
  kind: "span.kind",
  statusCode: "otel.status_code",
  statusDescription: "otel.status_description",
  error: "error",
  scopeName: "otel.scope.name",
  scopeVersion: "otel.scope.version",
  traceState: "w3c.tracestate",
  droppedAttributes: "otel.dropped_attributes_count",
  droppedEvents: "otel.dropped_events_count",
  droppedLinks: "otel.dropped_links_count",
  /** Field of a log that holds the name of the event. */
  event: "event",
} as const;
