/**
 * Spans as one TBinaryProtocol `Batch` struct, the body of `POST /api/traces` (measurement contract 8.1); no message
 * envelope. What Jaeger has no field for travels in tags, see {@link JAEGER_TAG}.
 */
import {
  BATCH_FIELD,
  JAEGER_TAG,
  LOG_FIELD,
  PROCESS_FIELD,
  REF_TYPE,
  SPAN_FIELD,
  SPAN_REF_FIELD,
  TAG_FIELD,
  TAG_TYPE,
} from "./jaeger-schema.ts";
import { ThriftWriter } from "./thrift-writer.ts";

/** Attribute values as they come from an application: anything may be in there. */
export type JaegerAttributes = Readonly<Record<string, unknown>>;
/** Unix time or duration: seconds and nanoseconds. */
type SecondsAndNanos = readonly [seconds: number, nanos: number];

/** A finished span as the encoder reads it; a `ReadableSpan` of OpenTelemetry has this shape. Ids are hex. */
export interface JaegerSpan {
  readonly name: string;
  /** Position in internal, server, client, producer, consumer. */
  readonly kind: number;
  spanContext(): {
    readonly traceId: string;
    readonly spanId: string;
    readonly traceFlags: number;
    readonly traceState?: { serialize(): string } | undefined;
  };
  readonly parentSpanContext?: { readonly spanId: string } | undefined;
  readonly startTime: SecondsAndNanos;
  readonly endTime: SecondsAndNanos;
  /** 0 unset, 1 ok, 2 error. */
  readonly status: { readonly code: number; readonly message?: string | undefined };
  readonly attributes: JaegerAttributes;
  readonly events: readonly {
    readonly name: string;
    readonly time: SecondsAndNanos;
    readonly attributes?: JaegerAttributes | undefined;
  }[];
  readonly links: readonly { readonly context: { readonly traceId: string; readonly spanId: string } }[];
  readonly instrumentationScope: { readonly name: string; readonly version?: string | undefined };
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
}

const KINDS = ["internal", "server", "client", "producer", "consumer"] as const;
const STATUS_OK = 1;
const STATUS_ERROR = 2;
const SERVICE_NAME = "service.name";
/** Start of the buffer per span; it grows. */
const USUAL_SPAN_BYTES = 1024;

function microsOf([seconds, nanos]: SecondsAndNanos): number {
  return seconds * 1e6 + Math.round(nanos / 1000);
}

/** JSON of a list; undefined for what has none. Big integers, which JSON does not know, become texts. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return jsonWithBigIntegers(value);
  }
}

function jsonWithBigIntegers(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? inner.toString() : inner));
  } catch {
    // A cycle or a getter that throws costs this one tag.
    return undefined;
  }
}

class BatchEncoder {
  readonly #out: ThriftWriter;

  constructor(out: ThriftWriter) {
    this.#out = out;
  }

  batch(resource: JaegerAttributes, spans: readonly JaegerSpan[]): void {
    const out = this.#out;
    out.structField(BATCH_FIELD.process);
    this.#process(resource);
    const list = out.listField(BATCH_FIELD.spans);
    for (const span of spans) this.#span(span);
    out.setCount(list, spans.length);
    out.stop();
  }

  #process(resource: JaegerAttributes): void {
    const out = this.#out;
    const service = resource[SERVICE_NAME];
    out.textField(PROCESS_FIELD.serviceName, typeof service === "string" ? service : "");
    const list = out.listField(PROCESS_FIELD.tags);
    let count = 0;
    for (const key of Object.keys(resource)) if (key !== SERVICE_NAME) count += this.#tag(key, resource[key]);
    out.setCount(list, count);
    out.stop();
  }

  #span(span: JaegerSpan): void {
    const out = this.#out;
    const { traceId, spanId, traceFlags, traceState } = span.spanContext();
    const startMicros = microsOf(span.startTime);
    out.hexField(SPAN_FIELD.traceIdLow, traceId, 16);
    out.hexField(SPAN_FIELD.traceIdHigh, traceId, 0);
    out.hexField(SPAN_FIELD.spanId, spanId, 0);
    out.hexField(SPAN_FIELD.parentSpanId, span.parentSpanContext?.spanId ?? "", 0);
    out.textField(SPAN_FIELD.operationName, span.name);
    if (span.links.length > 0) this.#references(span.links);
    out.i32Field(SPAN_FIELD.flags, traceFlags & 1);
    out.i64Field(SPAN_FIELD.startTime, startMicros);
    out.i64Field(SPAN_FIELD.duration, Math.max(0, microsOf(span.endTime) - startMicros));
    this.#spanTags(span, traceState?.serialize());
    if (span.events.length > 0) this.#logs(span.events);
    out.stop();
  }

  #references(links: JaegerSpan["links"]): void {
    const out = this.#out;
    out.setCount(out.listField(SPAN_FIELD.references), links.length);
    for (const { context } of links) {
      out.i32Field(SPAN_REF_FIELD.refType, REF_TYPE.followsFrom);
      out.hexField(SPAN_REF_FIELD.traceIdLow, context.traceId, 16);
      out.hexField(SPAN_REF_FIELD.traceIdHigh, context.traceId, 0);
      out.hexField(SPAN_REF_FIELD.spanId, context.spanId, 0);
      out.stop();
    }
  }

  #spanTags(span: JaegerSpan, traceState: string | undefined): void {
    const out = this.#out;
    const { status, instrumentationScope: scope } = span;
    const list = out.listField(SPAN_FIELD.tags);
    let count = this.#tags(span.attributes);
    count += this.#tag(JAEGER_TAG.kind, KINDS[span.kind]);
    if (status.code === STATUS_ERROR) {
      count += this.#tag(JAEGER_TAG.statusCode, "ERROR") + this.#tag(JAEGER_TAG.error, true);
      count += this.#tag(JAEGER_TAG.statusDescription, status.message || undefined);
    } else if (status.code === STATUS_OK) count += this.#tag(JAEGER_TAG.statusCode, "OK");
    count += this.#tag(JAEGER_TAG.scopeName, scope.name || undefined);
    count += this.#tag(JAEGER_TAG.scopeVersion, scope.version || undefined);
    count += this.#tag(JAEGER_TAG.traceState, traceState || undefined);
    count += this.#tag(JAEGER_TAG.droppedAttributes, span.droppedAttributesCount || undefined);
    count += this.#tag(JAEGER_TAG.droppedEvents, span.droppedEventsCount || undefined);
    count += this.#tag(JAEGER_TAG.droppedLinks, span.droppedLinksCount || undefined);
    out.setCount(list, count);
  }

  #logs(events: JaegerSpan["events"]): void {
    const out = this.#out;
    out.setCount(out.listField(SPAN_FIELD.logs), events.length);
    for (const { name, time, attributes = {} } of events) {
      out.i64Field(LOG_FIELD.timestamp, microsOf(time));
      const list = out.listField(LOG_FIELD.fields);
      // An attribute of this name wins over the name of the event, as OpenTelemetry's mapping to Jaeger asks.
      const own = attributes[JAEGER_TAG.event] === undefined ? this.#tag(JAEGER_TAG.event, name) : 0;
      out.setCount(list, own + this.#tags(attributes));
      out.stop();
    }
  }

  #tags(attributes: JaegerAttributes): number {
    let count = 0;
    for (const key of Object.keys(attributes)) count += this.#tag(key, attributes[key]);
    return count;
  }

  /** Writes one tag, or nothing for a value that is absent or cannot be written; returns the number of tags written. */
  #tag(key: string, value: unknown): 0 | 1 {
    if (value === undefined || value === null) return 0;
    const out = this.#out;
    const start = out.length;
    out.textField(TAG_FIELD.key, key);
    if (!this.#value(value)) {
      out.truncate(start);
      return 0;
    }
    out.stop();
    return 1;
  }

  #value(value: unknown): boolean {
    const out = this.#out;
    if (typeof value === "string") return this.#textValue(value);
    if (typeof value === "number") return this.#numberValue(value);
    if (typeof value === "boolean") {
      out.i32Field(TAG_FIELD.vType, TAG_TYPE.bool);
      out.boolField(TAG_FIELD.vBool, value);
      return true;
    }
    if (typeof value === "bigint") {
      if (BigInt.asIntN(64, value) !== value) return this.#textValue(value.toString());
      out.i32Field(TAG_FIELD.vType, TAG_TYPE.long);
      out.bigintField(TAG_FIELD.vLong, value);
      return true;
    }
    if (value instanceof Uint8Array) {
      out.i32Field(TAG_FIELD.vType, TAG_TYPE.binary);
      out.bytesField(TAG_FIELD.vBinary, value);
      return true;
    }
    const text = jsonOf(value);
    return text !== undefined && this.#textValue(text);
  }

  #textValue(value: string): true {
    this.#out.i32Field(TAG_FIELD.vType, TAG_TYPE.string);
    this.#out.textField(TAG_FIELD.vStr, value);
    return true;
  }

  #numberValue(value: number): true {
    const out = this.#out;
    if (Number.isSafeInteger(value)) {
      out.i32Field(TAG_FIELD.vType, TAG_TYPE.long);
      out.i64Field(TAG_FIELD.vLong, value);
    } else {
      out.i32Field(TAG_FIELD.vType, TAG_TYPE.double);
      out.doubleField(TAG_FIELD.vDouble, value);
    }
    return true;
  }
}

/**
 * Encodes spans of one process. The bytes are a buffer of their own.
 * @param resource attributes of the process; `service.name` becomes its name, the rest its tags.
 */
export function encodeJaegerBatch(resource: JaegerAttributes, spans: readonly JaegerSpan[]): Uint8Array {
  const out = new ThriftWriter(USUAL_SPAN_BYTES * (spans.length + 1));
  new BatchEncoder(out).batch(resource, spans);
  return out.view();
}
