/** A value as OpenTelemetry attributes allow it, normalised. `bigint` only for integers beyond 2^53. */
export type AttributeValue =
  | string
  | number
  | boolean
  | bigint
  | Uint8Array
  | readonly AttributeValue[]
  | null
  | AttributeMap;
export type AttributeMap = ReadonlyMap<string, AttributeValue>;

/** OTLP span kinds by their wire numbers. */
export const SPAN_KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"] as const;
export type SpanKind = (typeof SPAN_KINDS)[number];

/** OTLP status codes by their wire numbers. */
export const STATUS_CODES = ["unset", "ok", "error"] as const;
export type StatusCode = (typeof STATUS_CODES)[number];

/** Who sent a span: the resource of its process. */
export interface Resource {
  /** `service.name`; never `unknown_service`, never empty. */
  readonly service: string;
  /** All resource attributes, `service.name` included. */
  readonly attributes: AttributeMap;
}

export interface SpanEvent {
  readonly name: string;
  readonly timeUnixNanos: bigint;
  readonly attributes: AttributeMap;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: AttributeMap;
}

/**
 * One normalised span, as ingest hands it to the store and the store hands it back. Ids are lower-case hex of full
 * length. Attributes are under our (v0.1.0) names, in the order they came; the originals are kept beside them.
 */
export interface SpanRecord {
  readonly traceId: string;
  readonly spanId: string;
  /** Absent for a root. */
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly flags: number;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startUnixNanos: bigint;
  /** Absent while the span has no end. */
  readonly durationNanos?: bigint;
  readonly status: StatusCode;
  readonly statusMessage?: string;
  readonly scope?: string;
  readonly resource: Resource;
  readonly attributes: AttributeMap;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
}

/** Records written together, all or nothing. Metric samples join with the metric receivers. */
export interface RecordBatch {
  readonly spans: readonly SpanRecord[];
}
