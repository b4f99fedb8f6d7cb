import { fromBinary } from "@bufbuild/protobuf";
import { LIMITS, type AttributeMap, type AttributeValue } from "@nexent/monitor-core";
import { checkNesting, integerValue } from "../codecs/any-value.ts";
import { otlpMessage } from "../codecs/otlp-registry.ts";
import type {
  TelemetryBatch,
  TelemetryEvent,
  TelemetryLink,
  TelemetryResource,
  TelemetrySpan,
} from "../codecs/telemetry-batch.ts";

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
 * What the library makes of an `ExportTraceServiceRequest`: the oracle of our own reader.
 * @throws {Error} of any kind for what is none.
 */
export function decodeTracesByLibrary(bytes: Uint8Array): TelemetryBatch {
  const message: unknown = fromBinary(otlpMessage("ExportTraceServiceRequest"), bytes, {
    readUnknownFields: false,
    recursionLimit: LIMITS.protobufNestingMessages,
  });
  // The shapes above are those of our own tables.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const wire = message as WireTraces;
  const resources = wire.resourceSpans.map((resource): TelemetryResource => ({
    attributes: attributesOf(resource.resource?.attributes),
    scopes: resource.scopeSpans.map((scope) => ({
      name: scope.scope?.name ?? "",
      spans: scope.spans.map(spanOf),
    })),
  }));
  return { resources };
}
