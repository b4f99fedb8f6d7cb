import {
  BATCH_FIELD,
  LIMITS,
  LOG_FIELD,
  PROCESS_FIELD,
  REF_TYPE,
  SPAN_FIELD,
  SPAN_REF_FIELD,
  TAG_FIELD,
  TAG_TYPE,
  THRIFT_TYPE,
  type AttributeMap,
  type AttributeValue,
} from "@nexent/monitor-core";
import { integerValue } from "./any-value.ts";
import {
  jaegerSpan,
  jaegerResource,
  type JaegerLog,
  type JaegerReference,
  type JaegerWireSpan,
} from "./jaeger-spans.ts";
import { malformed } from "./malformed.ts";
import { atOnce, type Steps } from "./steps.ts";
import type { TelemetryBatch } from "./telemetry-batch.ts";
import { ThriftReader } from "./thrift-reader.ts";

const { bool, double, i32, i64, string, struct, list } = THRIFT_TYPE;
type Draft<T> = { -readonly [K in keyof T]?: T[K] };

/** Read past what a span keeps, so that what is dropped is still counted. */
interface Dropped {
  count: number;
}

/**
 * Decodes the body of `POST /api/traces`: one `Batch` struct in TBinaryProtocol (measurement contract 8.1). Fields the
 * IDL requires must be there; unknown fields are skipped.
 * @throws {PAYLOAD_MALFORMED} {PAYLOAD_TOO_LARGE} beyond `LIMITS.spansPerRequest`.
 */
export function decodeJaegerThrift(bytes: Uint8Array): TelemetryBatch {
  return atOnce(readJaegerThrift(bytes));
}

/** The same with rests, for bodies that may be large. */
export function* readJaegerThrift(bytes: Uint8Array): Steps<TelemetryBatch> {
  const reader = new ThriftReader(bytes);
  const dropped: Dropped = { count: 0 };
  const spans: ReturnType<typeof jaegerSpan>[] = [];
  let resource: AttributeMap | undefined;
  let hasSpans = false;
  yield* reader.structInSteps(function* (id, type) {
    if (id === BATCH_FIELD.process && type === struct) {
      resource = readProcess(reader, dropped);
      return true;
    }
    if (id !== BATCH_FIELD.spans || type !== list) return false;
    hasSpans = true;
    const most = LIMITS.spansPerRequest - spans.length;
    yield* reader.structsInSteps(most, "spans", () => spans.push(jaegerSpan(readSpan(reader, dropped))));
    return true;
  });
  if (resource === undefined || !hasSpans) throw malformed("a Jaeger batch needs a process and spans");
  if (reader.left > 0) throw malformed("bytes follow the Jaeger batch");
  return { resources: [jaegerResource(resource, spans)], droppedItems: dropped.count };
}

function readProcess(reader: ThriftReader, dropped: Dropped): AttributeMap {
  let serviceName: string | undefined;
  let tags = new Map<string, AttributeValue>();
  reader.struct((id, type) => {
    if (id === PROCESS_FIELD.serviceName && type === string) serviceName = reader.text();
    else if (id === PROCESS_FIELD.tags && type === list) tags = readTags(reader, "process tags", dropped);
    else return false;
    return true;
  });
  if (serviceName === undefined) throw malformed("a Jaeger process needs a service name");
  return new Map([["service.name", serviceName], ...[...tags].filter(([key]) => key !== "service.name")]);
}

/** Fields of a span that hold a number or an id, and how they are read. */
const SPAN_VALUES: ReadonlyMap<number, (reader: ThriftReader, span: Draft<JaegerWireSpan>) => void> = new Map([
  [SPAN_FIELD.traceIdLow, (reader, span) => void (span.traceIdLow = reader.hex64())],
  [SPAN_FIELD.traceIdHigh, (reader, span) => void (span.traceIdHigh = reader.hex64())],
  [SPAN_FIELD.spanId, (reader, span) => void (span.spanId = reader.hex64())],
  [SPAN_FIELD.parentSpanId, (reader, span) => void (span.parentSpanId = reader.hex64())],
  [SPAN_FIELD.startTime, (reader, span) => void (span.startMicros = reader.i64())],
  [SPAN_FIELD.duration, (reader, span) => void (span.durationMicros = reader.i64())],
]);

function readSpan(reader: ThriftReader, dropped: Dropped): JaegerWireSpan {
  const span: Draft<JaegerWireSpan> = { tags: NO_TAGS, logs: [], references: [] };
  reader.struct((id, type) => {
    const read = type === i64 ? SPAN_VALUES.get(id) : undefined;
    if (read !== undefined) read(reader, span);
    else if (id === SPAN_FIELD.operationName && type === string) span.name = reader.text();
    else if (id === SPAN_FIELD.flags && type === i32) span.flags = reader.i32();
    else if (id === SPAN_FIELD.tags && type === list) span.tags = readTags(reader, "tags", dropped);
    else if (id === SPAN_FIELD.logs && type === list) span.logs = readLogs(reader, dropped);
    else if (id === SPAN_FIELD.references && type === list) span.references = readReferences(reader, dropped);
    else return false;
    return true;
  });
  if (!isWhole(span)) throw malformed("a Jaeger span misses a field that it must have");
  return span;
}

const SPAN_KEYS = [
  "traceIdLow",
  "traceIdHigh",
  "spanId",
  "parentSpanId",
  "name",
  "flags",
  "startMicros",
  "durationMicros",
] as const satisfies readonly (keyof JaegerWireSpan)[];

function isWhole(span: Draft<JaegerWireSpan>): span is JaegerWireSpan {
  return SPAN_KEYS.every((key) => span[key] !== undefined);
}

/** Stands for all empty lists of tags: a body can hold millions. Nothing is ever put into it. */
const NO_TAGS = new Map<string, AttributeValue>();

/** Many more than are kept of a span: some stand for fields of it and are no attributes in the end. */
const TAGS_READ = 8 * LIMITS.attributesPerSpan;

/**
 * Tags of a span, log or process; of a key that comes twice the last value holds. Those far beyond the limit are
 * counted, not read.
 */
function readTags(reader: ThriftReader, what: string, dropped: Dropped): Map<string, AttributeValue> {
  let tags: Map<string, AttributeValue> | undefined;
  let count = 0;
  reader.structs(Number.MAX_SAFE_INTEGER, what, () => {
    if (++count <= TAGS_READ) readTag(reader, (tags ??= new Map<string, AttributeValue>()));
    else {
      dropped.count++;
      reader.struct(() => false);
    }
  });
  return tags ?? NO_TAGS;
}

/** Value field of a tag by its type, and how it is read. */
const TAG_VALUES: readonly {
  readonly tagType: number;
  readonly field: number;
  readonly wireType: number;
  readonly read: (reader: ThriftReader) => AttributeValue;
}[] = [
  { tagType: TAG_TYPE.string, field: TAG_FIELD.vStr, wireType: string, read: (reader) => reader.text() },
  { tagType: TAG_TYPE.double, field: TAG_FIELD.vDouble, wireType: double, read: (reader) => reader.double() },
  { tagType: TAG_TYPE.bool, field: TAG_FIELD.vBool, wireType: bool, read: (reader) => reader.bool() },
  { tagType: TAG_TYPE.long, field: TAG_FIELD.vLong, wireType: i64, read: (reader) => integerValue(reader.i64()) },
  { tagType: TAG_TYPE.binary, field: TAG_FIELD.vBinary, wireType: string, read: (reader) => reader.binary() },
];

function readTag(reader: ThriftReader, tags: Map<string, AttributeValue>): void {
  let key: string | undefined;
  let tagType: number | undefined;
  let found: { readonly tagType: number; readonly value: AttributeValue } | undefined;
  reader.struct((id, type) => {
    const field = TAG_VALUES.find((row) => row.field === id && row.wireType === type);
    if (id === TAG_FIELD.key && type === string) key = reader.text();
    else if (id === TAG_FIELD.vType && type === i32) tagType = reader.i32();
    else if (field === undefined) return false;
    else if (tagType === undefined || tagType === field.tagType) {
      found = { tagType: field.tagType, value: field.read(reader) };
    } else return false;
    return true;
  });
  if (key === undefined || tagType === undefined) throw malformed("a Jaeger tag needs a key and a type");
  // A type whose value did not come has none; it is not 0 and not the empty text.
  tags.set(key, found?.tagType === tagType ? found.value : null);
}

/** Logs of a span; those beyond the limit are counted, not kept. */
function readLogs(reader: ThriftReader, dropped: Dropped): readonly JaegerLog[] {
  const logs: JaegerLog[] = [];
  reader.structs(Number.MAX_SAFE_INTEGER, "logs", () => {
    if (logs.length < LIMITS.eventsPerSpan) logs.push(readLog(reader, dropped));
    else {
      dropped.count++;
      reader.struct(() => false);
    }
  });
  return logs;
}

function readLog(reader: ThriftReader, dropped: Dropped): JaegerLog {
  let timeMicros: bigint | undefined;
  let fields = NO_TAGS;
  reader.struct((id, type) => {
    if (id === LOG_FIELD.timestamp && type === i64) timeMicros = reader.i64();
    else if (id === LOG_FIELD.fields && type === list) fields = readTags(reader, "log fields", dropped);
    else return false;
    return true;
  });
  if (timeMicros === undefined) throw malformed("a Jaeger log needs a time");
  return { timeMicros, fields };
}

/** References of a span; those beyond the limit are counted, not kept. */
function readReferences(reader: ThriftReader, dropped: Dropped): readonly JaegerReference[] {
  const references: JaegerReference[] = [];
  reader.structs(Number.MAX_SAFE_INTEGER, "references", () => {
    if (references.length < LIMITS.linksPerSpan) references.push(readReference(reader));
    else {
      dropped.count++;
      reader.struct(() => false);
    }
  });
  return references;
}

function readReference(reader: ThriftReader): JaegerReference {
  let isChildOf = false;
  let [high, low, spanId] = ["", "", ""];
  reader.struct((id, type) => {
    if (id === SPAN_REF_FIELD.refType && type === i32) isChildOf = reader.i32() === REF_TYPE.childOf;
    else if (type !== i64) return false;
    else if (id === SPAN_REF_FIELD.traceIdLow) low = reader.hex64();
    else if (id === SPAN_REF_FIELD.traceIdHigh) high = reader.hex64();
    else if (id === SPAN_REF_FIELD.spanId) spanId = reader.hex64();
    else return false;
    return true;
  });
  return { isChildOf, traceId: high + low, spanId };
}
