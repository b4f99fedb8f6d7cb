import { fromBinary, type DescMessage } from "@bufbuild/protobuf";
import { LIMITS, type AttributeMap, type AttributeValue } from "@nexent/monitor-core";
import { checkNesting, integerValue } from "./any-value.ts";
import { malformed } from "./malformed.ts";
import { checkMessageCount } from "./message-count.ts";
import type { MessageName } from "./otlp-fields.ts";
import { otlpMessage } from "./otlp-registry.ts";
import type {
  Signal,
  TelemetryBatch,
  TelemetryEvent,
  TelemetryLink,
  TelemetryResource,
  TelemetrySpan,
} from "./telemetry-batch.ts";

/** Shapes that reflection makes of the tables in otlp-fields.ts. */
interface WireValue {
  readonly value:
    | { readonly case: "stringValue"; readonly value: string }
    | { readonly case: "boolValue"; readonly value: boolean }
    | { readonly case: "intValue"; readonly value: bigint }
    | { readonly case: "doubleValue"; readonly value: number }
    | { readonly case: "arrayValue"; readonly value: { readonly values: readonly WireValue[] } }
    | { readonly case: "kvlistValue"; readonly value: { readonly values: readonly WireKeyValue[] } }
    | { readonly case: "bytesValue"; readonly value: Uint8Array }
    | { readonly case: undefined };
}
interface WireKeyValue {
  readonly key: string;
  readonly value?: WireValue;
}
interface WireSpan {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly traceState: string;
  readonly parentSpanId: Uint8Array;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly attributes: readonly WireKeyValue[];
  readonly events: readonly { timeUnixNano: bigint; name: string; attributes: readonly WireKeyValue[] }[];
  readonly links: readonly { traceId: Uint8Array; spanId: Uint8Array; attributes: readonly WireKeyValue[] }[];
  readonly status?: { readonly message: string; readonly code: number };
  readonly flags: number;
}
interface WireTraces {
  readonly resourceSpans: readonly {
    readonly resource?: { readonly attributes: readonly WireKeyValue[] };
    readonly scopeSpans: readonly { readonly scope?: { readonly name: string }; readonly spans: readonly WireSpan[] }[];
  }[];
}
interface WireMetrics {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly { readonly metrics: readonly WireMetric[] }[];
  }[];
}
type WireMetric = Readonly<
  Partial<
    Record<
      "gauge" | "sum" | "histogram" | "exponentialHistogram" | "summary",
      { readonly dataPoints: readonly unknown[] }
    >
  >
>;
interface WireLogs {
  readonly resourceLogs: readonly { readonly scopeLogs: readonly { readonly logRecords: readonly unknown[] }[] }[];
}

/** A message and the shape that reflection gives it. */
interface Shaped<T> {
  readonly name: MessageName;
  readonly desc: DescMessage;
  /** Never called; carries the type. */
  readonly shape?: (message: T) => void;
}

function shaped<T>(name: MessageName): Shaped<T> {
  return { name, desc: otlpMessage(name) };
}

const TRACES: Shaped<WireTraces> = shaped("ExportTraceServiceRequest");
const METRICS: Shaped<WireMetrics> = shaped("ExportMetricsServiceRequest");
const LOGS: Shaped<WireLogs> = shaped("ExportLogsServiceRequest");

function decode<T>({ name, desc }: Shaped<T>, bytes: Uint8Array): T {
  checkMessageCount(name, bytes);
  try {
    const message: unknown = fromBinary(desc, bytes, {
      readUnknownFields: false,
      recursionLimit: LIMITS.protobufNestingMessages,
    });
    // The shapes above are those of our own tables; this is the one place where reflection meets types.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return message as T;
  } catch (error) {
    throw malformed(`not an OTLP protobuf message: ${reasonOf(error)}`, error);
  }
}

/** Library messages name message types and limits, never payload bytes; anything else is summed up. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  if (message.includes("recursion depth") || message.includes("depth")) {
    return `messages nest more than ${LIMITS.protobufNestingMessages} levels`;
  }
  return message === "premature EOF" ? "it ends too early" : "a field has the wrong form";
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

function valueOf(wire: WireValue | undefined, level: number): AttributeValue {
  const value = wire?.value;
  if (value === undefined) return null;
  switch (value.case) {
    case "intValue":
      return integerValue(value.value);
    case "bytesValue":
      return value.value.slice();
    case "arrayValue":
      checkNesting(level + 1);
      return value.value.values.map((item) => valueOf(item, level + 1));
    case "kvlistValue":
      checkNesting(level + 1);
      return attributesOf(value.value.values, level + 1);
    case undefined:
      return null;
    default:
      return value.value;
  }
}

function attributesOf(pairs: readonly WireKeyValue[] | undefined, level = 0): AttributeMap {
  const map = new Map<string, AttributeValue>();
  for (const pair of pairs ?? []) map.set(pair.key, valueOf(pair.value, level));
  return map;
}

function spanOf(wire: WireSpan): TelemetrySpan {
  return {
    traceId: hexOf(wire.traceId),
    spanId: hexOf(wire.spanId),
    parentSpanId: hexOf(wire.parentSpanId),
    traceState: wire.traceState,
    flags: wire.flags,
    name: wire.name,
    kind: wire.kind,
    startUnixNanos: wire.startTimeUnixNano,
    endUnixNanos: wire.endTimeUnixNano,
    attributes: attributesOf(wire.attributes),
    events: wire.events.map((event): TelemetryEvent => ({
      timeUnixNanos: event.timeUnixNano,
      name: event.name,
      attributes: attributesOf(event.attributes),
    })),
    links: wire.links.map((link): TelemetryLink => ({
      traceId: hexOf(link.traceId),
      spanId: hexOf(link.spanId),
      attributes: attributesOf(link.attributes),
    })),
    statusCode: wire.status?.code ?? 0,
    statusMessage: wire.status?.message ?? "",
  };
}

/**
 * Decodes an OTLP `ExportTraceServiceRequest`. Unknown fields are skipped, invalid UTF-8 becomes U+FFFD.
 * @throws {PAYLOAD_MALFORMED} {PAYLOAD_TOO_LARGE}
 */
export function decodeTracesProtobuf(bytes: Uint8Array): TelemetryBatch {
  const wire = decode(TRACES, bytes);
  const resources = wire.resourceSpans.map((resource): TelemetryResource => ({
    attributes: attributesOf(resource.resource?.attributes),
    scopes: resource.scopeSpans.map((scope) => ({
      name: scope.scope?.name ?? "",
      spans: scope.spans.map(spanOf),
    })),
  }));
  return { resources };
}

/**
 * Counts the items of a metrics or logs request: data points or log records.
 * @throws {PAYLOAD_MALFORMED}
 */
export function countProtobuf(signal: Exclude<Signal, "traces">, bytes: Uint8Array): number {
  let count = 0;
  if (signal === "logs") {
    for (const resource of decode(LOGS, bytes).resourceLogs) {
      for (const scope of resource.scopeLogs) count += scope.logRecords.length;
    }
    return count;
  }
  for (const resource of decode(METRICS, bytes).resourceMetrics) {
    for (const scope of resource.scopeMetrics) for (const metric of scope.metrics) count += pointsOf(metric);
  }
  return count;
}

function pointsOf(metric: WireMetric): number {
  const data = metric.gauge ?? metric.sum ?? metric.histogram ?? metric.exponentialHistogram ?? metric.summary;
  return data?.dataPoints.length ?? 0;
}
