import {
  SPAN_KINDS,
  STATUS_CODES,
  type AttributeMap,
  type AttributeValue,
  type SpanRecord,
} from "@nexent/monitor-core";
import type { StoredSpan } from "@nexent/monitor-store";

/** `AnyValue` in OTLP's JSON: 64-bit integers are strings, bytes are base64. */
type JsonAnyValue = Readonly<Record<string, unknown>>;

/** `ResourceSpans` in OTLP's JSON, spans in the order given, grouped by resource and scope. */
export function resourceSpansOf(spans: readonly StoredSpan[]): readonly object[] {
  const resources = new Map<string, { resource: SpanRecord["resource"]; scopes: Map<string, SpanRecord[]> }>();
  for (const { span } of spans) {
    const key = JSON.stringify(attributesOf(span.resource.attributes));
    const group = resources.get(key) ?? { resource: span.resource, scopes: new Map<string, SpanRecord[]>() };
    resources.set(key, group);
    const scope = group.scopes.get(span.scope ?? "");
    if (scope === undefined) group.scopes.set(span.scope ?? "", [span]);
    else scope.push(span);
  }
  return [...resources.values()].map(({ resource, scopes }) => ({
    resource: { attributes: attributesOf(resource.attributes) },
    scopeSpans: [...scopes].map(([name, members]) => ({
      scope: name === "" ? {} : { name },
      spans: members.map(spanOf),
    })),
  }));
}

function spanOf(span: SpanRecord): object {
  const end = span.durationNanos === undefined ? {} : { endUnixNanos: span.startUnixNanos + span.durationNanos };
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId === undefined ? {} : { parentSpanId: span.parentSpanId }),
    ...(span.traceState === undefined ? {} : { traceState: span.traceState }),
    flags: span.flags,
    name: span.name,
    kind: SPAN_KINDS.indexOf(span.kind),
    startTimeUnixNano: String(span.startUnixNanos),
    ...("endUnixNanos" in end ? { endTimeUnixNano: String(end.endUnixNanos) } : {}),
    attributes: attributesOf(span.attributes),
    events: span.events.map(({ name, timeUnixNanos, attributes }) => ({
      timeUnixNano: String(timeUnixNanos),
      name,
      attributes: attributesOf(attributes),
    })),
    links: span.links.map(({ traceId, spanId, attributes }) => ({
      traceId,
      spanId,
      attributes: attributesOf(attributes),
    })),
    status: {
      ...(span.status === "unset" ? {} : { code: STATUS_CODES.indexOf(span.status) }),
      ...(span.statusMessage === undefined ? {} : { message: span.statusMessage }),
    },
  };
}

function attributesOf(attributes: AttributeMap): readonly object[] {
  return [...attributes].map(([key, value]) => ({ key, value: anyValueOf(value) }));
}

function anyValueOf(value: AttributeValue): JsonAnyValue {
  if (value === null) return {};
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "bigint") return { intValue: String(value) };
  if (typeof value === "number") return numberValueOf(value);
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString("base64") };
  if (value instanceof Map) return { kvlistValue: { values: attributesOf(value as AttributeMap) } };
  return { arrayValue: { values: (value as readonly AttributeValue[]).map(anyValueOf) } };
}

function numberValueOf(value: number): JsonAnyValue {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return { intValue: String(value) };
  return { doubleValue: Number.isFinite(value) ? value : String(value) };
}
