import { jsonDepthExceeds, LIMITS, type AttributeMap, type AttributeValue } from "@nexent/monitor-core";
import { checkNesting, integerValue } from "./any-value.ts";
import { quoteLongIntegers } from "./json-integers.ts";
import { checkContainerCount } from "./message-count.ts";
import {
  bytesOf,
  doubleOf,
  hexTextOf,
  int32Of,
  int64Of,
  listOf,
  objectOf,
  own,
  textOf,
  uint64Of,
  type JsonObject,
} from "./json-fields.ts";
import { malformed } from "./malformed.ts";
import { atOnce, SPANS_PER_STEP, type Steps } from "./steps.ts";
import type {
  Signal,
  TelemetryBatch,
  TelemetryEvent,
  TelemetryLink,
  TelemetryResource,
  TelemetryScope,
  TelemetrySpan,
} from "./telemetry-batch.ts";

const decoder = new TextDecoder();

/** Bytes -> object. The depth scan comes first: `JSON.parse` of deep brackets blocks for seconds. */
export function parseOtlpJson(bytes: Uint8Array): JsonObject {
  checkContainerCount(bytes);
  const text = decoder.decode(bytes);
  if (jsonDepthExceeds(text, LIMITS.jsonNestingBrackets)) {
    throw malformed(`JSON nests more than ${LIMITS.jsonNestingBrackets} brackets`);
  }
  let value: unknown;
  try {
    value = JSON.parse(quoteLongIntegers(text));
  } catch (error) {
    throw malformed("the body is not JSON", error);
  }
  return objectOf(value, "the body");
}

function valueOf(value: unknown, level: number): AttributeValue {
  if (value === undefined || value === null) return null;
  const any = objectOf(value, "value");
  const has = (field: string): boolean => own(any, field) !== undefined && own(any, field) !== null;
  if (has("stringValue")) return textOf(any, "stringValue");
  if (has("boolValue")) return booleanOf(own(any, "boolValue"));
  if (has("intValue")) return integerValue(int64Of(own(any, "intValue"), "intValue"));
  if (has("doubleValue")) return doubleOf(own(any, "doubleValue"), "doubleValue");
  if (has("bytesValue")) return bytesOf(own(any, "bytesValue"), "bytesValue");
  if (has("arrayValue")) {
    checkNesting(level + 1);
    const items = listOf(objectOf(own(any, "arrayValue"), "arrayValue"), "values");
    return items.map((item) => valueOf(item, level + 1));
  }
  if (has("kvlistValue")) {
    checkNesting(level + 1);
    return attributesOf(listOf(objectOf(own(any, "kvlistValue"), "kvlistValue"), "values"), level + 1);
  }
  return null;
}

function booleanOf(value: unknown): boolean {
  if (typeof value !== "boolean") throw malformed("boolValue must be true or false");
  return value;
}

/** Pairs of a `KeyValue` list. @throws {PAYLOAD_MALFORMED} */
export function attributesOf(pairs: readonly unknown[], level = 0): AttributeMap {
  const map = new Map<string, AttributeValue>();
  for (const item of pairs) {
    const pair = objectOf(item, "attributes");
    map.set(textOf(pair, "key"), valueOf(own(pair, "value"), level));
  }
  return map;
}

function spanOf(item: unknown): TelemetrySpan {
  const span = objectOf(item, "spans");
  const status = own(span, "status");
  const statusObject = status === undefined || status === null ? {} : objectOf(status, "status");
  return {
    traceId: hexTextOf(span, "traceId"),
    spanId: hexTextOf(span, "spanId"),
    parentSpanId: hexTextOf(span, "parentSpanId"),
    traceState: textOf(span, "traceState"),
    flags: int32Of(span, "flags"),
    name: textOf(span, "name"),
    kind: int32Of(span, "kind"),
    startUnixNanos: uint64Of(span, "startTimeUnixNano"),
    endUnixNanos: uint64Of(span, "endTimeUnixNano"),
    attributes: attributesOf(listOf(span, "attributes")),
    events: listOf(span, "events").map(eventOf),
    links: listOf(span, "links").map(linkOf),
    statusCode: int32Of(statusObject, "code"),
    statusMessage: textOf(statusObject, "message"),
  };
}

function eventOf(item: unknown): TelemetryEvent {
  const event = objectOf(item, "events");
  return {
    timeUnixNanos: uint64Of(event, "timeUnixNano"),
    name: textOf(event, "name"),
    attributes: attributesOf(listOf(event, "attributes")),
  };
}

function linkOf(item: unknown): TelemetryLink {
  const link = objectOf(item, "links");
  return {
    traceId: hexTextOf(link, "traceId"),
    spanId: hexTextOf(link, "spanId"),
    attributes: attributesOf(listOf(link, "attributes")),
  };
}

function* scopeOf(item: unknown): Steps<TelemetryScope> {
  const scopeSpans = objectOf(item, "scopeSpans");
  const scope = own(scopeSpans, "scope");
  const spans: TelemetrySpan[] = [];
  for (const span of listOf(scopeSpans, "spans")) {
    spans.push(spanOf(span));
    if (spans.length % SPANS_PER_STEP === 0) yield;
  }
  return {
    name: scope === undefined || scope === null ? "" : textOf(objectOf(scope, "scope"), "name"),
    spans,
  };
}

/**
 * Decodes an OTLP trace request in JSON: hex ids in any case, 64-bit integers exact as string or number, enumerations as
 * numbers, unknown fields ignored.
 * @throws {PAYLOAD_MALFORMED}
 */
export function decodeTracesJson(bytes: Uint8Array): TelemetryBatch {
  return atOnce(readTracesJson(bytes));
}

/** The same with rests, for bodies that may be large; only the parser of JSON takes none. */
export function* readTracesJson(bytes: Uint8Array): Steps<TelemetryBatch> {
  const resources: TelemetryResource[] = [];
  for (const item of listOf(parseOtlpJson(bytes), "resourceSpans")) {
    const resourceSpans = objectOf(item, "resourceSpans");
    const resource = own(resourceSpans, "resource");
    const attributes =
      resource === undefined || resource === null ? [] : listOf(objectOf(resource, "resource"), "attributes");
    const scopes: TelemetryScope[] = [];
    for (const scope of listOf(resourceSpans, "scopeSpans")) scopes.push(yield* scopeOf(scope));
    resources.push({ attributes: attributesOf(attributes), scopes });
  }
  return { resources };
}

const METRIC_DATA = ["gauge", "sum", "histogram", "exponentialHistogram", "summary"] as const;

/** Counts data points or log records of a request. @throws {PAYLOAD_MALFORMED} */
export function countJson(signal: Exclude<Signal, "traces">, bytes: Uint8Array): number {
  const [outer, middle, inner] =
    signal === "logs" ? ["resourceLogs", "scopeLogs", "logRecords"] : ["resourceMetrics", "scopeMetrics", "metrics"];
  let count = 0;
  for (const resource of listOf(parseOtlpJson(bytes), outer ?? "")) {
    for (const scope of listOf(objectOf(resource, outer ?? ""), middle ?? "")) {
      const items = listOf(objectOf(scope, middle ?? ""), inner ?? "");
      count += signal === "logs" ? items.length : items.reduce<number>((sum, metric) => sum + pointsOf(metric), 0);
    }
  }
  return count;
}

function pointsOf(item: unknown): number {
  const metric = objectOf(item, "metrics");
  let count = 0;
  for (const name of METRIC_DATA) {
    const data = own(metric, name);
    if (data !== undefined && data !== null) count += listOf(objectOf(data, name), "dataPoints").length;
  }
  return count;
}
