import { create, toBinary } from "@bufbuild/protobuf";
import type { AttributeMap, AttributeValue } from "@nexent/monitor-core";
import { otlpMessage } from "../codecs/otlp-registry.ts";
import type { TelemetryBatch, TelemetrySpan } from "../codecs/telemetry-batch.ts";

/** Writes batches as senders do, for tests: the inverse of both decoders. */

type Wire = Record<string, unknown>;

/** How one encoding writes what differs between the two. */
interface Style {
  readonly id: (hex: string) => unknown;
  readonly int64: (value: bigint) => unknown;
  readonly bytes: (value: Uint8Array) => unknown;
  readonly double: (value: number) => unknown;
  readonly any: (name: string, value: unknown) => unknown;
}

const PROTOBUF: Style = {
  id: (hex) => new Uint8Array(Buffer.from(hex, "hex")),
  int64: (value) => value,
  bytes: (value) => value,
  double: (value) => value,
  any: (name, value) => ({ value: { case: name, value } }),
};

const JSON_STYLE: Style = {
  id: (hex) => hex.toUpperCase(),
  int64: String,
  bytes: (value) => Buffer.from(value).toString("base64"),
  double: (value) => (Number.isFinite(value) ? value : String(value)),
  any: (name, value) => ({ [name]: value }),
};

/** An `ExportTraceServiceRequest` in protobuf. */
export function encodeProtobuf(batch: TelemetryBatch): Uint8Array<ArrayBuffer> {
  const desc = otlpMessage("ExportTraceServiceRequest");
  return new Uint8Array(toBinary(desc, create(desc, wireOf(batch, PROTOBUF))));
}

/** An `ExportTraceServiceRequest` in JSON, with upper-case ids and integers as text. */
export function encodeJson(batch: TelemetryBatch): string {
  return JSON.stringify(wireOf(batch, JSON_STYLE));
}

function wireOf(batch: TelemetryBatch, style: Style): Wire {
  return {
    resourceSpans: batch.resources.map((resource) => ({
      resource: { attributes: attributesOf(resource.attributes, style) },
      scopeSpans: resource.scopes.map((scope) => ({
        scope: { name: scope.name },
        spans: scope.spans.map((span) => spanOf(span, style)),
      })),
    })),
  };
}

function spanOf(span: TelemetrySpan, style: Style): Wire {
  return {
    traceId: style.id(span.traceId),
    spanId: style.id(span.spanId),
    parentSpanId: style.id(span.parentSpanId),
    traceState: span.traceState,
    flags: span.flags,
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: style.int64(span.startUnixNanos),
    endTimeUnixNano: style.int64(span.endUnixNanos),
    attributes: attributesOf(span.attributes, style),
    events: span.events.map((event) => ({
      timeUnixNano: style.int64(event.timeUnixNanos),
      name: event.name,
      attributes: attributesOf(event.attributes, style),
    })),
    links: span.links.map((link) => ({
      traceId: style.id(link.traceId),
      spanId: style.id(link.spanId),
      attributes: attributesOf(link.attributes, style),
    })),
    status: { code: span.statusCode, message: span.statusMessage },
  };
}

function attributesOf(attributes: AttributeMap, style: Style): unknown[] {
  return [...attributes].map(([key, value]) => ({ key, value: anyOf(value, style) }));
}

function anyOf(value: AttributeValue, style: Style): unknown {
  if (value === null) return {};
  if (typeof value === "string") return style.any("stringValue", value);
  if (typeof value === "boolean") return style.any("boolValue", value);
  if (typeof value === "bigint") return style.any("intValue", style.int64(value));
  if (typeof value === "number") {
    return Number.isSafeInteger(value) && !Object.is(value, -0)
      ? style.any("intValue", style.int64(BigInt(value)))
      : style.any("doubleValue", style.double(value));
  }
  if (value instanceof Uint8Array) return style.any("bytesValue", style.bytes(value));
  if (isMap(value)) return style.any("kvlistValue", { values: attributesOf(value, style) });
  return style.any("arrayValue", { values: value.map((item) => anyOf(item, style)) });
}

function isMap(value: AttributeMap | readonly AttributeValue[]): value is AttributeMap {
  return value instanceof Map;
}
