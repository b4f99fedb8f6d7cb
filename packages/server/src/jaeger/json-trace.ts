import type { AttributeMap, AttributeValue, SpanRecord } from "@nexent/monitor-core";
import type { StoredSpan } from "@nexent/monitor-store";

/** A tag of Jaeger's JSON; integers beyond 2^53 are strings, lists and maps are JSON text. */
export interface JsonTag {
  readonly key: string;
  readonly type: "string" | "bool" | "int64" | "float64" | "binary";
  readonly value: string | number | boolean;
}

/** Trace in the JSON of Jaeger's v1 API (`ui.Trace` of jaeger/internal/uimodel). */
export interface JsonTrace {
  readonly traceID: string;
  readonly spans: readonly JsonSpan[];
  readonly processes: Readonly<Record<string, JsonProcess>>;
  readonly warnings: readonly string[] | null;
}

interface JsonSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly flags: number;
  readonly operationName: string;
  readonly references: readonly { readonly refType: string; readonly traceID: string; readonly spanID: string }[];
  readonly startTime: number;
  readonly duration: number;
  readonly tags: readonly JsonTag[];
  readonly logs: readonly { readonly timestamp: number; readonly fields: readonly JsonTag[] }[];
  readonly processID: string;
  readonly warnings: readonly string[] | null;
}

interface JsonProcess {
  readonly serviceName: string;
  readonly tags: readonly JsonTag[];
}

const NANOS_PER_MICRO = 1_000n;

/** @param spans of one trace, at least one: a trace without spans breaks readers. */
export function jsonTraceOf(spans: readonly StoredSpan[], warnings: readonly string[] = []): JsonTrace {
  const processes = new Map<string, { readonly id: string; readonly process: JsonProcess }>();
  const processIdOf = ({ service, attributes }: SpanRecord["resource"]): string => {
    const process = { serviceName: service, tags: tagsOf(attributes).filter(({ key }) => key !== "service.name") };
    const key = JSON.stringify(process);
    const known = processes.get(key) ?? { id: `p${processes.size + 1}`, process };
    processes.set(key, known);
    return known.id;
  };
  const jsonSpans = spans.map(({ span }) => jsonSpanOf(span, processIdOf(span.resource)));
  return {
    traceID: spans[0]?.span.traceId ?? "",
    spans: jsonSpans,
    processes: Object.fromEntries([...processes.values()].map(({ id, process }) => [id, process])),
    warnings: warnings.length === 0 ? null : warnings,
  };
}

function jsonSpanOf(span: SpanRecord, processID: string): JsonSpan {
  return {
    traceID: span.traceId,
    spanID: span.spanId,
    // Jaeger knows two bits: sampled and debug.
    flags: span.flags & 0x3,
    operationName: span.name,
    references: referencesOf(span),
    startTime: microsOf(span.startUnixNanos),
    duration: microsOf(span.durationNanos ?? 0n),
    tags: [...tagsOf(span.attributes), ...fieldTags(span)],
    logs: span.events.map(({ name, timeUnixNanos, attributes }) => ({
      timestamp: microsOf(timeUnixNanos),
      fields: [{ key: "event", type: "string", value: name }, ...tagsOf(attributes)],
    })),
    processID,
    warnings: span.durationNanos === undefined ? ["the span has not ended"] : null,
  };
}

function referencesOf({ traceId, parentSpanId, links }: SpanRecord): JsonSpan["references"] {
  const parent = parentSpanId === undefined ? [] : [{ refType: "CHILD_OF", traceID: traceId, spanID: parentSpanId }];
  return [...parent, ...links.map((link) => ({ refType: "FOLLOWS_FROM", traceID: link.traceId, spanID: link.spanId }))];
}

/** Fields of a span that Jaeger keeps as tags, unless the sender wrote them itself. */
function fieldTags({ kind, status, statusMessage, scope, traceState, attributes }: SpanRecord): readonly JsonTag[] {
  const fields: readonly (readonly [string, string | boolean | undefined])[] = [
    ["span.kind", kind === "unspecified" ? undefined : kind],
    ["otel.status_code", status === "unset" ? undefined : status.toUpperCase()],
    ["otel.status_description", statusMessage],
    ["error", status === "error" ? true : undefined],
    ["otel.scope.name", scope],
    ["w3c.tracestate", traceState],
  ];
  return fields.flatMap(([key, value]) => (value === undefined || attributes.has(key) ? [] : [tagOf(key, value)]));
}

function tagsOf(attributes: AttributeMap): JsonTag[] {
  return [...attributes].map(([key, value]) => tagOf(key, value));
}

function tagOf(key: string, value: AttributeValue): JsonTag {
  if (typeof value === "boolean") return { key, type: "bool", value };
  if (typeof value === "bigint") return { key, type: "int64", value: String(value) };
  if (typeof value === "number") {
    if (Number.isSafeInteger(value)) return { key, type: "int64", value };
    return { key, type: "float64", value: Number.isFinite(value) ? value : String(value) };
  }
  if (value instanceof Uint8Array) return { key, type: "binary", value: Buffer.from(value).toString("base64") };
  return { key, type: "string", value: typeof value === "string" ? value : JSON.stringify(plainOf(value)) };
}

/** A nested value as JSON shows it. */
function plainOf(value: AttributeValue): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (value instanceof Map) {
    return Object.fromEntries([...(value as AttributeMap)].map(([key, item]) => [key, plainOf(item)]));
  }
  return Array.isArray(value) ? (value as readonly AttributeValue[]).map(plainOf) : value;
}

/** Microseconds since the epoch fit a double exactly until the year 2255. */
function microsOf(nanos: bigint): number {
  return Number(nanos / NANOS_PER_MICRO);
}
