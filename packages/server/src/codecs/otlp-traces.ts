import type { AttributeMap, AttributeValue } from "@nexent/monitor-core";
import { checkNesting } from "./any-value.ts";
import { checkMessageCount } from "./message-count.ts";
import { ProtobufReader } from "./protobuf-reader.ts";
import type {
  TelemetryBatch,
  TelemetryEvent,
  TelemetryLink,
  TelemetryResource,
  TelemetryScope,
  TelemetrySpan,
} from "./telemetry-batch.ts";

/**
 * OTLP traces in protobuf, read without reflection. Field numbers are those of `otlp-fields.ts`. A message that stands
 * twice where one belongs is merged, as protobuf asks: lists grow, of scalars the last one stands.
 */

type Draft<T> = { -readonly [Field in keyof T]: T[Field] };
type Attributes = Map<string, AttributeValue>;

/**
 * Decodes an OTLP `ExportTraceServiceRequest`. Unknown fields are skipped, invalid UTF-8 becomes U+FFFD.
 * @throws {PAYLOAD_MALFORMED} {PAYLOAD_TOO_LARGE}
 */
export function decodeTracesProtobuf(bytes: Uint8Array): TelemetryBatch {
  checkMessageCount("ExportTraceServiceRequest", bytes);
  const reader = new ProtobufReader(bytes);
  const resources: TelemetryResource[] = [];
  while (reader.at < bytes.length) {
    const field = reader.field();
    if (field === 1) resources.push(readResourceSpans(reader));
    else reader.skip(field);
  }
  return { resources };
}

function readResourceSpans(reader: ProtobufReader): TelemetryResource {
  const attributes: Attributes = new Map();
  const scopes: TelemetryScope[] = [];
  const end = reader.enter();
  while (reader.at < end) {
    const field = reader.field();
    if (field === 1) readResource(reader, attributes);
    else if (field === 2) scopes.push(readScopeSpans(reader));
    else reader.skip(field);
  }
  reader.leave();
  return { attributes, scopes };
}

function readResource(reader: ProtobufReader, attributes: Attributes): void {
  const end = reader.enter();
  while (reader.at < end) {
    const field = reader.field();
    if (field === 1) readAttribute(reader, attributes, 0);
    else reader.skip(field);
  }
  reader.leave();
}

function readScopeSpans(reader: ProtobufReader): TelemetryScope {
  const scope: Draft<TelemetryScope> = { name: "", spans: [] };
  const spans: TelemetrySpan[] = [];
  const end = reader.enter();
  while (reader.at < end) {
    const field = reader.field();
    if (field === 1) readScope(reader, scope);
    else if (field === 2) spans.push(readSpan(reader));
    else reader.skip(field);
  }
  reader.leave();
  scope.spans = spans;
  return scope;
}

function readScope(reader: ProtobufReader, scope: Draft<TelemetryScope>): void {
  const end = reader.enter();
  while (reader.at < end) {
    const field = reader.field();
    if (field === 1) scope.name = reader.text();
    else reader.skip(field);
  }
  reader.leave();
}

function readSpan(reader: ProtobufReader): TelemetrySpan {
  const attributes: Attributes = new Map();
  const events: TelemetryEvent[] = [];
  const links: TelemetryLink[] = [];
  const span = emptySpan(attributes, events, links);
  const end = reader.enter();
  while (reader.at < end) {
    const field = reader.field();
    if (field === 9) readAttribute(reader, attributes, 0);
    else if (field === 11) events.push(readEvent(reader));
    else if (field === 13) links.push(readLink(reader));
    else if (field === 15) readStatus(reader, span);
    else readSpanField(reader, span, field);
  }
  reader.leave();
  return span;
}

function emptySpan(
  attributes: AttributeMap,
  events: readonly TelemetryEvent[],
  links: readonly TelemetryLink[],
): Draft<TelemetrySpan> {
  return {
    traceId: "",
    spanId: "",
    parentSpanId: "",
    traceState: "",
    flags: 0,
    name: "",
    kind: 0,
    startUnixNanos: 0n,
    endUnixNanos: 0n,
    attributes,
    events,
    links,
    statusCode: 0,
    statusMessage: "",
  };
}

function readSpanField(reader: ProtobufReader, span: Draft<TelemetrySpan>, field: number): void {
  switch (field) {
    case 1:
      span.traceId = reader.hex();
      break;
    case 2:
      span.spanId = reader.hex();
      break;
    case 3:
      span.traceState = reader.text();
      break;
    case 4:
      span.parentSpanId = reader.hex();
      break;
    case 5:
      span.name = reader.text();
      break;
    case 6:
      span.kind = reader.int32();
      break;
    case 7:
      span.startUnixNanos = reader.fixed64();
      break;
    case 8:
      span.endUnixNanos = reader.fixed64();
      break;
    case 16:
      span.flags = reader.fixed32();
      break;
    default:
      reader.skip(field);
  }
}

function readStatus(reader: ProtobufReader, span: Draft<TelemetrySpan>): void {
  const end = reader.enter();
  while (reader.at < end) {
    const field = reader.field();
    if (field === 2) span.statusMessage = reader.text();
    else if (field === 3) span.statusCode = reader.int32();
    else reader.skip(field);
  }
  reader.leave();
}

function readEvent(reader: ProtobufReader): TelemetryEvent {
  const attributes: Attributes = new Map();
  const event: Draft<TelemetryEvent> = { timeUnixNanos: 0n, name: "", attributes };
  const end = reader.enter();
  while (reader.at < end) {
    const field = reader.field();
    if (field === 1) event.timeUnixNanos = reader.fixed64();
    else if (field === 2) event.name = reader.text();
    else if (field === 3) readAttribute(reader, attributes, 0);
    else reader.skip(field);
  }
  reader.leave();
  return event;
}

function readLink(reader: ProtobufReader): TelemetryLink {
  const attributes: Attributes = new Map();
  const link: Draft<TelemetryLink> = { traceId: "", spanId: "", attributes };
  const end = reader.enter();
  while (reader.at < end) {
    const field = reader.field();
    if (field === 1) link.traceId = reader.hex();
    else if (field === 2) link.spanId = reader.hex();
    else if (field === 4) readAttribute(reader, attributes, 0);
    else reader.skip(field);
  }
  reader.leave();
  return link;
}

/** @param level of the map that the attribute goes to: 0 for those of a span. */
function readAttribute(reader: ProtobufReader, attributes: Attributes, level: number): void {
  let key = "";
  let value: AttributeValue = null;
  const end = reader.enter();
  while (reader.at < end) {
    const field = reader.field();
    if (field === 1) key = reader.key();
    else if (field === 2) value = readValue(reader, value, level);
    else reader.skip(field);
  }
  reader.leave();
  attributes.set(key, value);
}

/** @param before what stood here already; a list or map grows, anything else gives way. */
function readValue(reader: ProtobufReader, before: AttributeValue, level: number): AttributeValue {
  let value = before;
  const end = reader.enter();
  while (reader.at < end) {
    const field = reader.field();
    if (field === 1) value = reader.text();
    else if (field === 2) value = reader.bool();
    else if (field === 3) value = reader.int64();
    else if (field === 4) value = reader.double();
    else if (field === 5) value = readList(reader, Array.isArray(value) ? value : [], level + 1);
    else if (field === 6) value = readMap(reader, value instanceof Map ? value : new Map(), level + 1);
    else if (field === 7) value = reader.bytes();
    else reader.skip(field);
  }
  reader.leave();
  return value;
}

function readList(reader: ProtobufReader, list: AttributeValue[], level: number): AttributeValue[] {
  checkNesting(level);
  const end = reader.enter();
  while (reader.at < end) {
    const field = reader.field();
    if (field === 1) list.push(readValue(reader, null, level));
    else reader.skip(field);
  }
  reader.leave();
  return list;
}

function readMap(reader: ProtobufReader, map: Attributes, level: number): Attributes {
  checkNesting(level);
  const end = reader.enter();
  while (reader.at < end) {
    const field = reader.field();
    if (field === 1) readAttribute(reader, map, level);
    else reader.skip(field);
  }
  reader.leave();
  return map;
}
