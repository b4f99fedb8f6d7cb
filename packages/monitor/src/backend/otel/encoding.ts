/** Spans as bytes of the protocol they leave in. */
import type * as OtelTrace from "@opentelemetry/sdk-trace";
import type { Modules } from "./packages.ts";

/** Attribute and event text of a span in bytes, roughly; the tape dominates. */
export function sizeOf(span: OtelTrace.ReadableSpan): number {
  let bytes = 256;
  for (const value of Object.values(span.attributes)) bytes += 32 + (typeof value === "string" ? value.length : 16);
  return bytes + span.events.length * 256;
}

/** `undefined` when the spans cannot be encoded. */
export function encoderOf({ serializers }: Modules, protocol: "http/protobuf" | "http/json") {
  const serializer = protocol === "http/json" ? serializers.JsonTraceSerializer : serializers.ProtobufTraceSerializer;
  return (spans: OtelTrace.ReadableSpan[]) => serializer.serializeRequest(spans);
}
