import type { AttributeMap } from "@nexent/monitor-core";

/**
 * One decoded request of traces, still shaped as the sender shaped it: protobuf defaults (`""`, `0`, `0n`) stand where
 * the sender said nothing, ids are lower-case hex of whatever length was sent. Attributes are maps from the start, so
 * that keys like `__proto__` are ordinary keys.
 */
export interface TelemetryBatch {
  readonly resources: readonly TelemetryResource[];
  /** Events and links beyond the limits of their span that the decoder left out; absent = none. */
  readonly droppedItems?: number;
}

export interface TelemetryResource {
  readonly attributes: AttributeMap;
  readonly scopes: readonly TelemetryScope[];
}

export interface TelemetryScope {
  readonly name: string;
  readonly spans: readonly TelemetrySpan[];
}

export interface TelemetrySpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly flags: number;
  readonly name: string;
  /** OTLP number of the kind; unknown numbers are kept. */
  readonly kind: number;
  readonly startUnixNanos: bigint;
  readonly endUnixNanos: bigint;
  readonly attributes: AttributeMap;
  readonly events: readonly TelemetryEvent[];
  readonly links: readonly TelemetryLink[];
  readonly statusCode: number;
  readonly statusMessage: string;
}

export interface TelemetryEvent {
  readonly timeUnixNanos: bigint;
  readonly name: string;
  readonly attributes: AttributeMap;
}

export interface TelemetryLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: AttributeMap;
}

/** What a payload is about. This release stores traces; of the others it counts what it turns away. */
export type Signal = "traces" | "metrics" | "logs";

/** Number of spans in a batch. */
export function spanCount(batch: TelemetryBatch): number {
  let count = 0;
  for (const resource of batch.resources) for (const scope of resource.scopes) count += scope.spans.length;
  return count;
}
