/** Spans as bytes of the protocol they leave in. */
import type * as OtelTrace from "@opentelemetry/sdk-trace";
import { encodeJaegerBatch } from "@nexent/monitor-core";
import type { TraceDestination } from "../../config/destination.ts";
import type { PackageLoader } from "../load.ts";
import { loadSerializers, type Unavailable } from "./packages.ts";

type ReadableSpan = OtelTrace.ReadableSpan;
/** `undefined` when the spans cannot be encoded. */
export type SpanEncoder = (spans: ReadableSpan[]) => Uint8Array | undefined;

/** Characters of an attribute value, roughly its bytes. */
function sizeOfValue(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (!Array.isArray(value)) return 16;
  return value.reduce((bytes: number, one: unknown) => bytes + sizeOfValue(one), 0);
}

function sizeOfAttributes(attributes: ReadableSpan["attributes"] | undefined): number {
  let bytes = 0;
  for (const key in attributes) bytes += 32 + sizeOfValue(attributes[key]);
  return bytes;
}

/** Size of a span in bytes, roughly; the tape dominates. */
export function sizeOf(span: ReadableSpan): number {
  let bytes = 256 + sizeOfAttributes(span.attributes);
  for (const event of span.events) bytes += 64 + sizeOfAttributes(event.attributes);
  for (const link of span.links) bytes += 64 + sizeOfAttributes(link.attributes);
  return bytes;
}

/** The encoder of a protocol. Only OTLP needs a package for it. */
export function encoderFor(protocol: TraceDestination["protocol"], loader: PackageLoader): SpanEncoder | Unavailable {
  if (protocol === "jaeger-thrift") return (spans) => encodeJaegerBatch(spans[0]?.resource.attributes ?? {}, spans);
  const serializers = loadSerializers(loader);
  if ("status" in serializers) return serializers;
  const { JsonTraceSerializer, ProtobufTraceSerializer } = serializers;
  const serializer = protocol === "http/json" ? JsonTraceSerializer : ProtobufTraceSerializer;
  return (spans) => serializer.serializeRequest(spans);
}
